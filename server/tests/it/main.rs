//! The server's integration tests, in one binary. `cfg(test)` tells clippy that helpers are tests too.

#[cfg(test)]
mod adapters;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod company;
#[cfg(test)]
mod compose;
#[cfg(test)]
mod conversation;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod process;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod remote;
#[cfg(test)]
mod rooms;
#[cfg(test)]
mod store;
#[cfg(test)]
mod support;
#[cfg(test)]
mod telegram;
#[cfg(test)]
mod unit;
#[cfg(test)]
mod updates;
#[cfg(test)]
mod webhook;
