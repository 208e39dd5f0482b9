//! Telegram: the only place that knows the Bot API and teloxide.
//!
//! An update's way: [`poll`] asks for it, [`intake`] stores it and only then confirms it, [`update`] reads it;
//! a reply's way back: [`client`] sends it. Both go through [`call`] where it matters how a call fails. [`connect`] brings a persona's bot up.

pub mod call;
pub mod client;
pub mod connect;
mod error;
pub mod intake;
pub mod poll;
mod send;
pub mod update;
