-- The state of all personas: inbox, history, settings, jobs, blocks, bots.
-- Text that came from outside is `text`, never jsonb: jsonb refuses \u0000 and reorders keys.
-- Instants are stored to the millisecond, as in SQLite.

-- Updates as their transport sent them, stored before they are acknowledged.
create table inbox (
    seq         bigint generated always as identity primary key,
    bot_id      bigint      not null,
    update_id   bigint      not null,
    chat_id     bigint,               -- null where the update belongs to no chat
    raw         text        not null,
    received_at timestamptz not null,
    routed_at   timestamptz,          -- null until all its changes are applied
    outcome     text,                 -- what became of it, in a word
    unique (bot_id, update_id)
);
create index inbox_unrouted on inbox (bot_id, chat_id, seq) where routed_at is null;
create index inbox_routed on inbox (routed_at) where routed_at is not null;

-- What was said, once for each persona that heard it. `seq` is the order in which it was stored.
create table messages (
    seq         bigint generated always as identity primary key,
    persona     text        not null,
    transport   text        not null,
    chat_id     bigint      not null,
    thread_id   bigint      not null,   -- 0 outside of topics
    message_id  bigint      not null,   -- negative where it moved: from a group's former id, or from another bot's numbering
    author_id   bigint,                 -- null for the persona itself
    author_name text        not null,
    text        text        not null,
    sent_at     timestamptz not null,
    stored_at   timestamptz not null,   -- retention counts from here: a sender's clock proves nothing
    reply_to    bigint,
    unique (persona, transport, chat_id, message_id)
);
create index messages_order on messages (persona, transport, chat_id, seq);
create index messages_age on messages (stored_at);

-- What a chat has set for itself; null means the manifest's default.
create table chats (
    persona        text    not null,
    transport      text    not null,
    chat_id        bigint  not null,
    insanity       boolean,
    chance         double precision,
    context_length bigint,
    language       text,
    quiet_until    timestamptz,
    active         boolean not null,
    told_off       boolean not null,
    former_id      bigint,               -- the group this supergroup was; a manifest may still name it
    primary key (persona, transport, chat_id)
);

-- Messages that deserve an answer, from acceptance to delivery.
create table jobs (
    id            bigint generated always as identity primary key,
    persona       text        not null,
    transport     text        not null,
    chat_id       bigint      not null,
    thread_id     bigint      not null, -- 0 outside of topics
    chat_kind     text        not null,
    message_id    bigint      not null,
    sender_id     bigint      not null,
    trigger_kind  text        not null,
    directed      boolean     not null, -- whether somebody addressed the persona; follows from trigger_kind
    seed          bigint      not null,
    state         text        not null,
    lead_id       bigint,               -- the job whose reply answers this one too; no foreign key, pruning takes either first
    reply         text,
    reply_outcome text,                 -- how the job ends once the reply is sent
    outcome       text,
    reason        text,                 -- why, where the outcome alone doesn't say; never a message's text
    created_at    timestamptz not null,
    changed_at    timestamptz not null
);
-- A message is answered once, even when it is routed again under another update id.
create unique index jobs_message on jobs (persona, transport, chat_id, message_id) where trigger_kind <> 'notice';
-- One index for each state of an unfinished job, so that finished ones cost nothing however many are kept. The first
-- holds all that the choice of the next conversation reads.
create index jobs_pending on jobs (persona, transport, chat_id, thread_id, directed, id, created_at) where state = 'pending';
create index jobs_running on jobs (persona, transport, chat_id, thread_id) where state = 'running';
create index jobs_ready on jobs (persona, transport, chat_id, thread_id) where state = 'ready';
create index jobs_shared on jobs (lead_id) where lead_id is not null;
create index jobs_finished on jobs (changed_at) where state = 'done';
create index jobs_in_chat on jobs (persona, transport, chat_id, created_at) where trigger_kind <> 'notice';
create index jobs_of_user on jobs (persona, sender_id, created_at) where trigger_kind <> 'notice';

-- People a persona doesn't answer.
create table blocks (
    persona text   not null,
    user_id bigint not null,
    primary key (persona, user_id)
);

-- Which bot spoke for a persona last: another one numbers the messages of private chats afresh.
create table bots (
    persona   text   not null,
    transport text   not null,
    bot_id    bigint not null,
    primary key (persona, transport)
);
