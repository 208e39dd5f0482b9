-- Leases with a fencing epoch, sends with a known outcome, pauses that survive a restart.
-- Safe for the previous release: it knows neither the new columns nor the new state, and leaves both alone.

-- Who serves a persona. Whoever takes it raises the epoch; what an earlier holder still writes is refused.
create table leases (
    persona   text    not null,
    transport text    not null,
    epoch     integer not null,
    holder    text    not null, -- machine and process, for people
    taken_at  integer not null,
    primary key (persona, transport)
) strict;

-- Chats that take nothing for a while (429).
create table pauses (
    persona   text    not null,
    transport text    not null,
    chat_id   integer not null,
    set_at    integer not null,
    until     integer not null,
    primary key (persona, transport, chat_id)
) strict;

-- Under which epoch a job was last claimed or sent.
alter table jobs add column epoch integer not null default 0;
-- Sends that began and are not known to have been refused: of one that is under way, and of those nobody heard of again.
alter table jobs add column attempts integer not null default 0;
create index jobs_sending on jobs (persona, transport, chat_id, thread_id) where state = 'sending';
