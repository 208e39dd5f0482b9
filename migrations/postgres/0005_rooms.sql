-- Rooms of the daemon's own page: chats that live here and nowhere else.
-- Safe for the previous release, which doesn't look at them.

-- The numbers of rooms begin where Telegram's end (52 bits), so that a chat's number is one chat's, wherever it lives, and are
-- still whole in JavaScript (53 bits).
create table rooms (
    chat_id    bigint      primary key generated always as identity (start with 4503599627370497),
    title      text        not null,
    created_at timestamptz not null
);

-- Who sits in which.
create table room_personas (
    chat_id bigint not null references rooms on delete cascade,
    persona text   not null,
    primary key (chat_id, persona)
);

-- What is said in them, once for everybody. The id is the message's and that of the update by which the personas hear of it.
create table room_messages (
    message_id  bigint      primary key generated always as identity,
    chat_id     bigint      not null references rooms on delete cascade,
    persona     text,             -- null for people
    author_id   bigint      not null,
    author_name text        not null,
    text        text        not null,
    reply_to    bigint,
    sent_at     timestamptz not null
);
create index room_messages_order on room_messages (chat_id, message_id);
create index room_messages_age on room_messages (sent_at);
