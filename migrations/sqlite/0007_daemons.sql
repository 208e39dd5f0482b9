-- The daemons of this database, which share its personas, and personas that somebody wants at one of them.
-- Safe for the previous release: its daemons note themselves nowhere, and serve whatever is free.

create table daemons (
    id      text        primary key, -- of one process, never used again
    name    text        not null,    -- of the place where it runs, for people
    seen_at integer     not null,    -- by the database's clock: those of the machines may differ
    seats   text        not null     -- what it can serve: persona.transport, with spaces between
) strict;

create table placements (
    persona   text        primary key,
    daemon    text        not null, -- a name
    placed_at integer     not null
) strict;
