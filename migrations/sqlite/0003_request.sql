-- What a job's lines in the log are found by.
-- Safe for the previous release: it leaves the column null, and a job without one is worked on like any other.

alter table jobs add column request text;
