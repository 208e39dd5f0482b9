-- Who may call the HTTP API from elsewhere.
-- Safe for the previous release, which doesn't look at it.

create table api_keys (
    name       text        primary key,
    hash       text        not null unique, -- SHA-256 of the key, in hex; the key itself is shown once and kept nowhere
    per_minute bigint      not null,
    created_at timestamptz not null,
    revoked_at timestamptz                  -- a revoked key keeps its name, so that nobody takes another for it
);
