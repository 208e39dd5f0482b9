//! End to end through the emulator: what TELEGRAM.md says, line by line.

mod access;
mod commands;
mod faults;
mod forgery;
mod forget;
mod groups;
mod impostors;
mod migration;
mod overload;
mod pacing;
mod personas;
mod polling;
mod private;
mod replies;
mod scene;
mod topics;
