//! Updates that Telegram brings: who may come in, what is stored before it is confirmed, and the ways between polling and a
//! webhook.

mod conversation;
mod crowd;
mod gate;
mod scene;
mod standby;
mod stored;
mod switching;
