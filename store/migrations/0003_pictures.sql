-- +goose Up

-- The name of the picture of the page that was not as it should be, '' for none.
ALTER TABLE results ADD COLUMN picture TEXT NOT NULL DEFAULT '';
