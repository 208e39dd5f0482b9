//! The sources of a workshop file: where each is, and the options of its import.

use std::ops::Bound::{self, Excluded, Included};
use std::path::{self, PathBuf};
use std::time::Duration;

use maskarad_trainer::corpus::import::pairing::Rules;
use maskarad_trainer::corpus::import::{ImportOptions, board, dialogues, plain, posts};

use super::raw;
use super::{HeldOut, Source};
use crate::config::numbers::{Range, Real};
use crate::config::problem::Report;
use crate::config::texts::Rule;

/// Minutes of a year: a longer pause is a slip of the pen.
const YEAR: f64 = 366.0 * 24.0 * 60.0;
/// Held out where the file doesn't say: enough to measure by, and hardly missed.
const USUAL_SHARE: f64 = 0.05;

/// A span of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Minutes;

/// A part that is neither nothing nor all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share;

/// Where something is.
#[derive(Clone, Debug)]
pub(super) struct Path;

impl Range for Minutes {
    const ENDS: (Bound<f64>, Bound<f64>) = (Included(0.0), Included(YEAR));
    const EXPECTED: &'static str = "minutes, from 0 to those of a year";
}

impl Range for Share {
    const ENDS: (Bound<f64>, Bound<f64>) = (Excluded(0.0), Excluded(1.0));
    const EXPECTED: &'static str = "a share above 0 and below 1";
}

impl Rule for Path {
    fn expected() -> String {
        "a file or a folder".to_owned()
    }

    fn pattern() -> String {
        r"\S".to_owned()
    }

    fn check(text: &str) -> Result<(), String> {
        if text.trim().is_empty() { Err(format!("is empty, expected {}", Self::expected())) } else { Ok(()) }
    }
}

/// The sources, with paths from `folder`.
pub(super) fn sources(raw: Vec<raw::Source>, folder: &path::Path) -> Vec<Source> {
    raw.into_iter().filter_map(|source| self::source(source, folder)).collect()
}

pub(super) fn held_out(raw: raw::HeldOut, folder: &path::Path, report: &mut Report<'_>) -> HeldOut {
    if raw.sources.is_empty() {
        return HeldOut::Share(raw.share.map_or(USUAL_SHARE, |share| share.value.get()));
    }
    if let Some(share) = &raw.share {
        report.note("held_out.share", share.referenced, "stands beside sources; keep one of the two");
    }
    HeldOut::Sources(sources(raw.sources, folder))
}

/// `None` where its path was refused.
fn source(raw: raw::Source, folder: &path::Path) -> Option<Source> {
    let path = raw.path.0?.value;
    let posts = posts::Options::default();
    let options = ImportOptions {
        format: raw.format,
        rules: Rules { gap: duration(raw.gap_minutes), burst: duration(raw.burst_minutes), context: raw.context.get() },
        posts: posts::Options {
            headers: raw.headers.filter(|headers| !headers.is_empty()).unwrap_or(posts.headers),
            keep_links: raw.keep_links,
            keep_hashtags: raw.keep_hashtags,
            min_length: raw.min_length.get(),
        },
        board: board::Options {
            min_replies: raw.min_replies.map(|least| least.get()),
            unaddressed: raw.unaddressed,
            ..board::Options::default()
        },
        plain: plain::Options { separator: raw.separator.unwrap_or_default(), whole: raw.whole },
        dialogues: dialogues::Options { oldest_first: raw.oldest_first, newest_only: raw.newest_only },
    };
    Some(Source { path: place(folder, &path), options })
}

/// An address stays what it is; a path is taken from the file's folder.
fn place(folder: &path::Path, written: &str) -> PathBuf {
    if written.contains("://") { PathBuf::from(written) } else { folder.join(written) }
}

fn duration(minutes: Real<Minutes>) -> Duration {
    Duration::from_secs_f64(minutes.get() * 60.0)
}
