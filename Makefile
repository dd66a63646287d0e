# What people and machines do with this project. `make` alone lists it.
SHELL := /bin/bash
SOAK  ?= 10m
KILLS ?= 100

.DEFAULT_GOAL := help
.PHONY: help demo test lint fmt bench faults soak screenshots

help: ## list what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

demo: ## the whole thing on this machine, with a portal to break
	go run ./cmd/pantau demo

test: ## everything that must hold; installs what the tests need (Debian)
	@KILLS=$(KILLS) .ci/test

lint: ## format, vet, staticcheck
	@.ci/lint

fmt: ## format the Go code
	go tool gofumpt -w .

bench: ## benchmarks, on both databases
	@.ci/need initdb
	.ci/postgres run go test -run '^$$' -bench . -benchmem ./...

faults: ## kill -9 at random moments, KILLS=100 times
	PANTAU_KILLS=$(KILLS) .ci/gotest -run Kill -timeout 60m ./cmd/pantau

soak: ## the demo under faults for SOAK=10m, watching its memory
	@.ci/need curl promtool
	@.ci/soak $(SOAK)

screenshots: ## take the pictures in docs/images anew
	@.ci/need chromium curl
	@.ci/screenshots docs/images
