//! Commands by example: how they are read, who may give them, what they do.

mod execution;
mod menus;
mod parsing;
mod permissions;

use super::{Command, Parsed, Percent, parse};
use crate::testing::{group, marked, me};

fn parsed(text: &str) -> Option<Parsed> {
    parse(&marked(group(text)), &me())
}

fn ours(text: &str) -> Command {
    match parsed(text) {
        Some(Parsed::Ours(command)) => command,
        other => panic!("{text}: {other:?}"),
    }
}

fn percent(value: u8) -> Percent {
    Percent::new(value).unwrap()
}
