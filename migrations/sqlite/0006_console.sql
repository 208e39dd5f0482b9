-- The console: who may log in, what operators have changed, what chats are called.
-- Safe for the previous release: it looks at none of it, and the keys it makes don't log in.

alter table api_keys add column console integer not null default 0; -- whether it may log in to the console

-- Links that log in, each once.
create table console_links (
    id         integer primary key autoincrement,
    hash       text    not null unique, -- SHA-256 of the link's secret, in hex
    created_at integer not null,
    expires_at integer not null,
    used_at    integer
) strict;

-- What sessions are signed with: one row, for all daemons of this database.
create table console_secret (
    id      integer primary key check (id = 1),
    secret  text    not null,
    made_at integer not null
) strict;

-- What operators did. Never a title, never a text.
create table audit (
    id        integer primary key autoincrement,
    at        integer not null,
    who       text    not null,
    action    text    not null,
    persona   text,
    transport text,
    chat_id   integer,           -- null, too, once that chat was forgotten
    detail    text    not null
) strict;
create index audit_age on audit (at);
create index audit_chat on audit (chat_id) where chat_id is not null;

-- The chats there are, and what they are called.
create table known_chats (
    seq       integer primary key autoincrement,
    persona   text    not null,
    transport text    not null,
    chat_id   integer not null,
    kind      text    not null,
    title     text    not null,
    folded    text    not null, -- the title in lower case, to be searched
    last_at   integer not null, -- when somebody last wrote, to the minute
    unique (persona, transport, chat_id)
) strict;
create index known_chats_activity on known_chats (last_at, seq);

-- Titles come with the next message.
insert into known_chats (persona, transport, chat_id, kind, title, folded, last_at)
    select persona, transport, chat_id, case when chat_id > 0 then 'private' else 'group' end, '', '', max(stored_at)
    from messages group by persona, transport, chat_id;

-- Jobs that ended without the reply they deserved are few among many.
create index jobs_failed on jobs (changed_at, id)
    where state = 'done' and outcome in ('forbidden', 'rejected', 'failed', 'unknown', 'overloaded');
