//! Telegram's Bot API: the only module that knows it.

pub mod update;
