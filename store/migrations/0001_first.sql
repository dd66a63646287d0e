-- One set of statements for SQLite and PostgreSQL. Instants are UTC epoch
-- milliseconds, 0 for none; durations are nanoseconds; documents are JSON in
-- TEXT. No column holds a code, a phone number or an address.

-- +goose Up

-- Rows that writers update first: value counts on, and holding the row puts
-- the writers in line, so that numbers are in the order of commits.
CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('results', 0), ('outbox', 0);

CREATE TABLE results (
    id             TEXT   NOT NULL PRIMARY KEY,
    seq            BIGINT NOT NULL,
    run            TEXT   NOT NULL,
    journey        TEXT   NOT NULL,
    stream         TEXT   NOT NULL,
    step           TEXT   NOT NULL,
    at             BIGINT NOT NULL,
    took           BIGINT NOT NULL,
    verdict        TEXT   NOT NULL,
    reason         TEXT   NOT NULL,
    phases         TEXT   NOT NULL,
    evidence       TEXT   NOT NULL,
    wait_id        TEXT   NOT NULL, -- '' when the result is about no wait
    wait_requested BIGINT NOT NULL,
    wait_age       BIGINT NOT NULL,
    wait_open      BIGINT NOT NULL,
    wait_validity  BIGINT NOT NULL,
    opened         TEXT   NOT NULL  -- the wait as this result opened it, or null
);
CREATE UNIQUE INDEX results_seq ON results (seq);
CREATE INDEX results_at ON results (at, seq);

-- The message that ended a wait, with three of its four instants; the fourth,
-- requested, stands in its result.
CREATE TABLE arrivals (
    result    TEXT   NOT NULL PRIMARY KEY REFERENCES results (id) ON DELETE CASCADE,
    id        TEXT   NOT NULL,
    receiver  TEXT   NOT NULL,
    wait      TEXT   NOT NULL,
    stamped   BIGINT NOT NULL,
    device    BIGINT NOT NULL,
    received  BIGINT NOT NULL,
    reference TEXT   NOT NULL
);

CREATE TABLE waits (
    id        TEXT   NOT NULL PRIMARY KEY,
    run       TEXT   NOT NULL,
    journey   TEXT   NOT NULL,
    stream    TEXT   NOT NULL,
    recipient TEXT   NOT NULL, -- a SIM's id or the hash of a mail address
    requested BIGINT NOT NULL,
    validity  BIGINT NOT NULL,
    give_up   BIGINT NOT NULL,
    reference TEXT   NOT NULL,
    unsure    BIGINT NOT NULL, -- 1 while the portal's answer to the request is not known
    closed_at BIGINT NOT NULL  -- 0 while it is listened for
);
CREATE INDEX waits_closed ON waits (closed_at, requested);
CREATE INDEX waits_run ON waits (run);

-- A component's states as disjoint intervals.
CREATE TABLE component_states (
    component   TEXT   NOT NULL,
    number      BIGINT NOT NULL, -- from 1
    since       BIGINT NOT NULL,
    until       BIGINT,          -- null while it lasts
    state       TEXT   NOT NULL,
    cause       TEXT   NOT NULL,
    blind       TEXT   NOT NULL,
    measured_at BIGINT NOT NULL,
    figures     TEXT   NOT NULL,
    PRIMARY KEY (component, number)
);

CREATE TABLE incidents (
    id          TEXT   NOT NULL PRIMARY KEY,
    cause       TEXT   NOT NULL,
    status      TEXT   NOT NULL,
    impact      TEXT   NOT NULL,
    components  TEXT   NOT NULL,
    title       TEXT   NOT NULL,
    started_at  BIGINT NOT NULL,
    opened_at   BIGINT NOT NULL,
    resolved_at BIGINT NOT NULL
);

CREATE TABLE incident_updates (
    id         TEXT   NOT NULL PRIMARY KEY,
    incident   TEXT   NOT NULL REFERENCES incidents (id),
    number     BIGINT NOT NULL,
    status     TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    body       TEXT   NOT NULL,
    advice     TEXT   NOT NULL,
    next_by    BIGINT NOT NULL,
    components TEXT   NOT NULL,
    told       TEXT   NOT NULL, -- the audiences that got a notice of it
    UNIQUE (incident, number)
);

CREATE TABLE notices (
    id       TEXT   NOT NULL PRIMARY KEY,
    about    TEXT   NOT NULL,
    number   BIGINT NOT NULL,
    event    TEXT   NOT NULL,
    audience TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    title    TEXT   NOT NULL,
    post     TEXT   NOT NULL,
    body     TEXT   NOT NULL,
    expanded BIGINT NOT NULL, -- 1 once its deliveries exist
    UNIQUE (about, audience, number)
);
CREATE INDEX notices_new ON notices (at) WHERE expanded = 0;
CREATE INDEX notices_at ON notices (at);

CREATE TABLE deliveries (
    id       TEXT   NOT NULL PRIMARY KEY,
    notice   TEXT   NOT NULL REFERENCES notices (id),
    channel  TEXT   NOT NULL,
    thread   TEXT   NOT NULL,
    number   BIGINT NOT NULL,
    event    TEXT   NOT NULL,
    title    TEXT   NOT NULL,
    text     TEXT   NOT NULL,
    state    TEXT   NOT NULL,
    attempt  BIGINT NOT NULL,
    due      BIGINT NOT NULL,
    receipt  TEXT   NOT NULL,
    reply_to TEXT   NOT NULL,
    root     TEXT   NOT NULL,
    problem  TEXT   NOT NULL,
    created  BIGINT NOT NULL,
    began    BIGINT NOT NULL,
    finished BIGINT NOT NULL
);
CREATE INDEX deliveries_open ON deliveries (channel, thread, number) WHERE state IN ('waiting', 'unknown', 'sending');
CREATE INDEX deliveries_sent ON deliveries (channel, thread, number) WHERE state = 'sent';
CREATE INDEX deliveries_notice ON deliveries (notice);
CREATE INDEX deliveries_created ON deliveries (created);
