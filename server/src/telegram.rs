//! Telegram: the only place that knows the Bot API and teloxide.
//!
//! An update's way: [`poll`] asks for it and [`intake`] stores it and only then confirms it, or else [`webhook`] is given it
//! and stores it before it says so; [`envelope`] is what both see of it, and [`update`] reads it; a reply's way back:
//! [`client`] sends it. All go through [`call`] where it matters how a call fails. [`connect`] brings a persona's bot up;
//! [`probe`] asks about one that nobody serves.

pub mod call;
pub mod client;
pub mod connect;
pub mod envelope;
mod error;
pub mod intake;
pub mod poll;
pub mod probe;
mod send;
pub mod update;
pub mod webhook;
