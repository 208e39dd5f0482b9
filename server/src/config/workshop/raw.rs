//! A workshop file as it is written: names, shapes and places; no value is checked yet.

use maskarad_trainer::corpus::import::Format;
use serde_saphyr::Spanned;

use crate::config::options::Entries;
use crate::config::record::{Maybe, Required, records, words};

records! {
    /// The whole file.
    struct File {
        manifest: Required<String>,
        sources: Vec<Spanned<Source>>,
        held_out: HeldOut,
        forget: Vec<String>,
        others: Vec<Spanned<Source>>,
        clean: Option<Entries>,
        filter: Option<Entries>,
        train: Option<Entries>,
        eval: Option<Entries>,
    }

    /// Where dialogues come from, and how they are read.
    struct Source {
        path: Required<String>,
        format: Option<Format>,
        gap_minutes: Maybe<f64>,
        burst_minutes: Maybe<f64>,
        context: Maybe<i64>,
        headers: Vec<String>,
        keep_links: bool,
        keep_hashtags: bool,
        min_length: Maybe<i64>,
        min_replies: Maybe<i64>,
        unaddressed: bool,
        separator: Option<String>,
        whole: bool,
        oldest_first: bool,
        newest_only: bool,
    }

    /// What is kept from the training.
    struct HeldOut {
        share: Maybe<f64>,
        sources: Vec<Spanned<Source>>,
    }
}

words! {
    Format {
        "auto" => Self::Auto,
        "telegram" => Self::Telegram,
        "posts" => Self::Posts,
        "board" => Self::Board,
        "plain" => Self::Plain,
        "dialogues" => Self::Dialogues,
        "utterances" => Self::Utterances,
        "csv" => Self::Csv,
    }
}
