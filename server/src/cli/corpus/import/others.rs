//! What `maskarad corpus import` takes for boards, channel posts, plain text and lines of dialogues.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use maskarad_trainer::corpus::import::{ImportOptions, board, dialogues, plain, posts};

/// Options of one format each.
#[derive(Debug, Args)]
// Groups are named after their types, and the command has this name already.
#[group(skip)]
pub(super) struct Arguments {
    /// Posts: leave out lines that only say this; may be given more than once [default: БУГУРТ-ТРЕД].
    #[arg(long = "header", value_name = "TEXT")]
    headers: Vec<String>,
    /// Posts: keep lines with links.
    #[arg(long)]
    keep_links: bool,
    /// Posts: keep hashtags.
    #[arg(long)]
    keep_hashtags: bool,
    /// Posts: leave out shorter ones, in characters.
    #[arg(long, default_value_t = 1, value_name = "N")]
    min_length: usize,
    /// Boards: leave out threads with fewer replies [default: 0 for files, 21 for a board's address].
    #[arg(long, value_name = "N")]
    min_replies: Option<usize>,
    /// Boards: a post that refers to none answers the first of its thread.
    #[arg(long)]
    unaddressed: bool,
    /// A board's address: seconds between two requests.
    #[arg(long, default_value_t = 1.0, value_name = "SECONDS", value_parser = seconds)]
    pause: f64,
    /// A board's address: keep threads and the list of those seen here, and ask only for what is new [default: FILE.threads].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Plain text: the line between two dialogues [default: a blank one].
    #[arg(long, value_name = "LINE", default_value = "", hide_default_value = true)]
    separator: String,
    /// Plain text: what stands between two separators is one text, not a dialogue.
    #[arg(long)]
    whole: bool,
    /// Lines of dialogues: the first turn is the oldest, not the newest.
    #[arg(long)]
    oldest_first: bool,
    /// Lines of dialogues: learn only the newest turn of each, for the older ones stand in lines of their own.
    #[arg(long)]
    newest_only: bool,
}

impl Arguments {
    /// Puts them where readers look.
    pub(super) fn set(&self, options: &mut ImportOptions, output: &Path) {
        let state = self.state.clone().unwrap_or_else(|| beside(output));
        let pause = Duration::from_secs_f64(self.pause);
        let crawl = board::crawl::Options { state: Some(state), pause };
        options.board = board::Options { min_replies: self.min_replies, unaddressed: self.unaddressed, crawl };
        options.posts = self.posts();
        options.plain = plain::Options { separator: self.separator.clone(), whole: self.whole };
        options.dialogues = dialogues::Options { oldest_first: self.oldest_first, newest_only: self.newest_only };
    }

    fn posts(&self) -> posts::Options {
        let usual = posts::Options::default().headers;
        posts::Options {
            headers: if self.headers.is_empty() { usual } else { self.headers.clone() },
            keep_links: self.keep_links,
            keep_hashtags: self.keep_hashtags,
            min_length: self.min_length,
        }
    }
}

fn beside(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".threads");
    PathBuf::from(name)
}

fn seconds(text: &str) -> Result<f64, String> {
    const HOUR: f64 = 3600.0;
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=HOUR).contains(&seconds) => Ok(seconds),
        _ => Err(format!("expected seconds, from 0 to {HOUR}")),
    }
}
