package store

import (
	"net/url"
	"path/filepath"
	"strings"

	"pantau/internal/invalid"
	"pantau/internal/secret"
)

// Options says where the rows are kept.
type Options struct {
	// URL is a SQLite file, "sqlite:PATH" or a bare path, whose folder must
	// exist, or a PostgreSQL database, "postgres://USER@HOST/NAME?…". A
	// password never stands in it.
	URL string `yaml:"url"`
	// Password is for PostgreSQL. Without it, what libpq reads is asked
	// (PGPASSWORD, ~/.pgpass).
	Password secret.Value `yaml:"password"`
}

// Folder is where the SQLite file is, "" for PostgreSQL.
func (o Options) Folder() string {
	if o.postgres() {
		return ""
	}
	return filepath.Dir(o.path())
}

// Validate gives every mistake in o. It opens nothing.
func (o Options) Validate() error {
	switch {
	case o.postgres():
		return o.validatePostgres()
	case o.URL == "" || o.path() == "":
		return invalid.At("url", "is empty; write sqlite:PATH or postgres://USER@HOST/NAME")
	case strings.Contains(o.URL, "://"):
		return invalid.At("url", "has a scheme that is not known; write sqlite:PATH or postgres://USER@HOST/NAME")
	case strings.Contains(o.path(), ":memory:"):
		return invalid.At("url", "must be a file: readers and the writer do not share a memory database")
	case !o.Password.Empty():
		return invalid.At("password", "is for PostgreSQL only")
	}
	return nil
}

func (o Options) validatePostgres() error {
	parsed, err := url.Parse(o.URL)
	if err != nil {
		// The parser's own error repeats the URL, which may hold a password.
		return invalid.At("url", "is not a URL; write postgres://USER@HOST/NAME")
	}
	_, inUser := parsed.User.Password()
	if inUser || parsed.Query().Has("password") {
		return invalid.At("url", "holds a password; write it as password: ${env:NAME}")
	}
	return nil
}

func (o Options) postgres() bool {
	return strings.HasPrefix(o.URL, "postgres://") || strings.HasPrefix(o.URL, "postgresql://")
}

// path is the SQLite file.
func (o Options) path() string {
	path := strings.TrimPrefix(o.URL, "sqlite:")
	if path == "" {
		return ""
	}
	return filepath.Clean(path)
}
