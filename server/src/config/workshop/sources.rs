//! The sources of a workshop file: where each is, and the options of its import.

use std::path::{Path, PathBuf};
use std::time::Duration;

use maskarad_trainer::corpus::import::pairing::Rules;
use maskarad_trainer::corpus::import::{ImportOptions, board, dialogues, plain, posts};
use serde_saphyr::Spanned;

use super::raw;
use super::{HeldOut, Source};
use crate::config::numbers::{real, whole};
use crate::config::problem::Report;
use crate::config::record::Maybe;

/// Minutes of a year: a longer pause is a slip of the pen.
const YEAR: f64 = 366.0 * 24.0 * 60.0;
/// Held out where the file doesn't say: enough to measure by, and hardly missed.
const USUAL_SHARE: f64 = 0.05;

/// The sources under `key`, with paths from `folder`.
pub(super) fn sources(
    raw: Vec<Spanned<raw::Source>>,
    folder: &Path,
    report: &mut Report<'_>,
    key: &str,
) -> Vec<Source> {
    raw.into_iter().filter_map(|source| self::source(source.value, folder, report, key)).collect()
}

pub(super) fn held_out(raw: raw::HeldOut, folder: &Path, report: &mut Report<'_>) -> HeldOut {
    let is_share = (|share: f64| share > 0.0 && share < 1.0, "a share above 0 and below 1");
    if raw.sources.is_empty() {
        return HeldOut::Share(real(report, "held_out.share", &raw.share, is_share).unwrap_or(USUAL_SHARE));
    }
    if let Some(share) = &raw.share {
        report.note("held_out.share", share.referenced, "stands beside sources; keep one of the two");
    }
    HeldOut::Sources(sources(raw.sources, folder, report, "held_out.sources"))
}

fn source(raw: raw::Source, folder: &Path, report: &mut Report<'_>, key: &str) -> Option<Source> {
    let path = raw.path.0?;
    if path.value.trim().is_empty() {
        report.note(&format!("{key}.path"), path.referenced, "is empty, expected a file or a folder");
    }
    let usual = Rules::default();
    let rules = Rules {
        gap: minutes(&raw.gap_minutes, &format!("{key}.gap_minutes"), report).unwrap_or(usual.gap),
        burst: minutes(&raw.burst_minutes, &format!("{key}.burst_minutes"), report).unwrap_or(usual.burst),
        context: count(&raw.context, &format!("{key}.context"), report).unwrap_or(usual.context),
    };
    let posts = posts::Options::default();
    let options = ImportOptions {
        format: raw.format.unwrap_or_default(),
        rules,
        posts: posts::Options {
            headers: if raw.headers.is_empty() { posts.headers } else { raw.headers },
            keep_links: raw.keep_links,
            keep_hashtags: raw.keep_hashtags,
            min_length: count(&raw.min_length, &format!("{key}.min_length"), report).unwrap_or(posts.min_length),
        },
        board: board::Options {
            min_replies: count(&raw.min_replies, &format!("{key}.min_replies"), report),
            unaddressed: raw.unaddressed,
            ..board::Options::default()
        },
        plain: plain::Options { separator: raw.separator.unwrap_or_default(), whole: raw.whole },
        dialogues: dialogues::Options { oldest_first: raw.oldest_first, newest_only: raw.newest_only },
    };
    Some(Source { path: place(folder, &path.value), options })
}

/// An address stays what it is; a path is taken from the file's folder.
fn place(folder: &Path, written: &str) -> PathBuf {
    if written.contains("://") { PathBuf::from(written) } else { folder.join(written) }
}

fn minutes(value: &Maybe<f64>, key: &str, report: &mut Report<'_>) -> Option<Duration> {
    let expected = (|minutes: f64| (0.0..=YEAR).contains(&minutes), "minutes, from 0 to those of a year");
    real(report, key, value, expected).map(|minutes| Duration::from_secs_f64(minutes * 60.0))
}

fn count(value: &Maybe<i64>, key: &str, report: &mut Report<'_>) -> Option<usize> {
    whole(report, key, value, 0..=1_000_000).and_then(|count| usize::try_from(count).ok())
}
