-- Rooms of the daemon's own page: chats that live here and nowhere else.
-- Safe for the previous release, which doesn't look at them.

-- The numbers of rooms begin where Telegram's end (52 bits), so that a chat's number is one chat's, wherever it lives, and are
-- still whole in JavaScript (53 bits).
create table rooms (
    chat_id    integer primary key autoincrement,
    title      text    not null,
    created_at integer not null
) strict;
insert into sqlite_sequence (name, seq) values ('rooms', 4503599627370496);

-- Who sits in which.
create table room_personas (
    chat_id integer not null references rooms on delete cascade,
    persona text    not null,
    primary key (chat_id, persona)
) strict;

-- What is said in them, once for everybody. The id is the message's and that of the update by which the personas hear of it.
create table room_messages (
    message_id  integer primary key autoincrement,
    chat_id     integer not null references rooms on delete cascade,
    persona     text,             -- null for people
    author_id   integer not null,
    author_name text    not null,
    text        text    not null,
    reply_to    integer,
    sent_at     integer not null
) strict;
create index room_messages_order on room_messages (chat_id, message_id);
create index room_messages_age on room_messages (sent_at);
