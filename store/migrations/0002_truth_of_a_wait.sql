-- +goose Up

-- What a run did on purpose to see it refused, '' for the usual way.
ALTER TABLE results ADD COLUMN variant TEXT NOT NULL DEFAULT '';
ALTER TABLE waits ADD COLUMN variant TEXT NOT NULL DEFAULT '';

-- The interval of ages in which the code came, nanoseconds; 0 and 0 when
-- wait_age says it all, and the largest BIGINT for "need not have come".
ALTER TABLE results ADD COLUMN wait_age_min BIGINT NOT NULL DEFAULT 0;
ALTER TABLE results ADD COLUMN wait_age_max BIGINT NOT NULL DEFAULT 0;

-- When the first message came that is this request's or another's, 0 for none.
ALTER TABLE waits ADD COLUMN perhaps BIGINT NOT NULL DEFAULT 0;

-- By how much the handset's clock was behind ours, nanoseconds; device holds
-- the corrected instant.
ALTER TABLE arrivals ADD COLUMN clock_offset BIGINT NOT NULL DEFAULT 0;
