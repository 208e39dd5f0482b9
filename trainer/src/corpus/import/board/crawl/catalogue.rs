//! The list of a board's threads, as `catalog.json` and `threads.json` tell it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::corpus::import::board::thread::{number, perhaps};

/// A thread of the list.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Entry {
    /// Its number.
    #[serde(deserialize_with = "number")]
    pub(super) num: u64,
    /// How many posts it has, with the first or without, by the list.
    #[serde(default, rename = "posts_count", deserialize_with = "count")]
    pub(super) posts: Option<u64>,
    /// When something last happened to it.
    #[serde(default, rename = "lasthit", deserialize_with = "perhaps")]
    touched: Option<i64>,
}

/// What changes when a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    posts: Option<u64>,
    touched: Option<i64>,
}

impl Entry {
    /// How it looks now; a list that tells nothing has no mark.
    pub(super) fn mark(&self) -> Option<Mark> {
        (self.posts.is_some() || self.touched.is_some()).then_some(Mark { posts: self.posts, touched: self.touched })
    }
}

#[derive(Deserialize)]
struct Catalogue {
    threads: Vec<Entry>,
}

/// The threads by their numbers, or what is wrong.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Entry>, &'static str> {
    let catalogue: Catalogue = serde_json::from_slice(bytes).map_err(|_| "holds no list of threads")?;
    let by_number: BTreeMap<u64, Entry> = catalogue.threads.into_iter().map(|entry| (entry.num, entry)).collect();
    Ok(by_number.into_values().collect())
}

fn count<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(perhaps(deserializer)?.and_then(|count| u64::try_from(count).ok()))
}
