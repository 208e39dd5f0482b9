//! The emulator against a real client library and against the bare wire.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed, helper or not")]

mod common;

mod teloxide_client;

mod polling;

mod faults;

mod routing;

mod messages;

mod membership;

mod sending;

mod webhook;
