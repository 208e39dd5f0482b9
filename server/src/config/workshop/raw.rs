//! A workshop file as it is written: names, shapes, defaults and descriptions of its keys, of which its JSON Schema is made, too.
//! Each value is checked by itself; the options of the steps are the trainer's to know.

use maskarad_trainer::corpus::import::pairing::Rules;
use maskarad_trainer::corpus::import::{Format, posts};

use super::sources::{Minutes, Path, Share};
use crate::config::declare::{records, words};
use crate::config::numbers::{Real, Whole};
use crate::config::options::Entries;
use crate::config::record::{Maybe, Required};
use crate::config::texts::Text;

/// A number of messages or characters. More than this is a slip of the pen.
type Count = Whole<0, 1_000_000>;

records! {
    /// The whole file.
    struct File {
        /// The manifest: how the persona is served. Its model.path is the base, its template is how dialogues are written for the
        /// training, and its model.adapter is where the result goes.
        manifest: Required<String>,
        /// What the persona is made of; at least one.
        sources: Vec<Source>,
        /// What it is measured by and doesn't learn.
        held_out: HeldOut,
        /// People whose lines are left out of every source, by id or name.
        forget: Vec<String>,
        /// Other people, whose lines the persona's are told from when it is measured; without any that isn't looked at.
        others: Vec<Source>,
        /// What is masked or left out before; `maskarad corpus clean --help` explains the keys. Without this section, nothing; with
        /// it, what identifies people is cut out.
        clean: Option<Entries>,
        /// A classifier that chooses what is learned; `maskarad corpus filter --help` explains the keys.
        filter: Option<Entries>,
        /// How the model learns, in the words of Hugging Face's TrainingArguments and PEFT's LoraConfig; `maskarad train --help`
        /// explains the keys.
        train: Option<Entries>,
        /// How the persona is measured: `replies` to look at, made from `seed`; with `gate: true` a persona that is worse than the
        /// one in its place doesn't replace it.
        eval: Option<Entries>,
    }

    /// Where dialogues come from, and how they are read.
    struct Source {
        /// A file, a folder, or a board's address.
        path: Required<Text<Path>>,
        /// What it is; `auto` goes by its looks.
        format: Format = Format::default().name(),
        /// Telegram: minutes within which a message answers the one before it, where it replies to none.
        gap_minutes: Real<Minutes> = Rules::default().gap.as_secs_f64() / 60.0,
        /// Telegram: minutes within which messages of one person in a row are joined.
        burst_minutes: Real<Minutes> = Rules::default().burst.as_secs_f64() / 60.0,
        /// Telegram and boards: messages before an answer.
        context: Count = Rules::default().context,
        /// Posts: lines that are left out. By default those that say `БУГУРТ-ТРЕД`.
        headers: Option<Vec<String>>,
        /// Posts: whether lines with links stay.
        keep_links: bool = false,
        /// Posts: whether hashtags stay.
        keep_hashtags: bool = false,
        /// Posts: shorter ones are left out, in characters.
        min_length: Count = posts::Options::default().min_length,
        /// Boards: threads with fewer replies are left out. By default none of files, and those with few of an address.
        min_replies: Option<Count>,
        /// Boards: whether a post that refers to none answers the first of its thread.
        unaddressed: bool = false,
        /// Plain text: the line between dialogues. By default a blank one.
        separator: Option<String>,
        /// Plain text: whether what stands between separators is one text.
        whole: bool = false,
        /// Dialogues: whether the first turn of a line is the oldest.
        oldest_first: bool = false,
        /// Dialogues: whether only the newest turn of a line is learned; the others stand in lines of their own.
        newest_only: bool = false,
    }

    /// What is kept from the training.
    struct HeldOut {
        /// The last part of each source. By default a twentieth.
        share: Maybe<Real<Share>>,
        /// Sources of their own, instead of a share.
        sources: Vec<Source>,
    }
}

words! {
    Format {
        "auto" => Auto,
        "telegram" => Telegram,
        "posts" => Posts,
        "board" => Board,
        "plain" => Plain,
        "dialogues" => Dialogues,
        "utterances" => Utterances,
        "csv" => Csv,
    }
}
