-- One row a day: the counter of an old day is never locked, and nothing personal is kept.
CREATE TABLE visits (
    day date PRIMARY KEY,
    total bigint NOT NULL
);
