//! `maskarad corpus clean`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use maskarad_trainer::corpus::clean::spans::Action;
use maskarad_trainer::corpus::clean::{CleanOptions, CleanReport, clean};

use crate::cli::output::Output;
use crate::cli::progress::Bar;

/// What `corpus clean` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The corpus to clean.
    #[arg(value_name = "CORPUS")]
    input: PathBuf,
    /// Where the clean one is written to; it may be the same file.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    spans: Spans,
    #[command(flatten)]
    turns: Turns,
    /// Tell the outcome as JSON.
    #[arg(long)]
    json: bool,
}

/// What identifies people.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "What identifies people: keep it, mask it with a word, cut it out, or drop its whole message"
)]
struct Spans {
    /// Links, with or without https://.
    #[arg(long, default_value = "cut", value_name = "ACTION")]
    urls: ActionName,
    /// @names.
    #[arg(long, default_value = "cut", value_name = "ACTION")]
    mentions: ActionName,
    /// Addresses of mail.
    #[arg(long, default_value = "cut", value_name = "ACTION")]
    emails: ActionName,
    /// Phone numbers.
    #[arg(long, default_value = "cut", value_name = "ACTION")]
    phones: ActionName,
    /// Numbers of bank cards.
    #[arg(long, default_value = "cut", value_name = "ACTION")]
    cards: ActionName,
    /// Addresses of crypto wallets.
    #[arg(long, default_value = "cut", value_name = "ACTION")]
    wallets: ActionName,
    /// Call authors author1, author2 and so on, in texts too, and the wanted persona `persona`.
    #[arg(long)]
    rename: bool,
}

/// What is worth learning.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is learned")]
struct Turns {
    /// Whose messages are answers, by id or name; can be repeated. Others' stay as what is answered.
    #[arg(long, value_name = "AUTHOR")]
    persona: Vec<String>,
    /// Fewest characters of an answer.
    #[arg(long, default_value_t = 0, value_name = "N")]
    min_chars: usize,
    /// Most characters of an answer; 0: any.
    #[arg(long, default_value_t = 0, value_name = "N")]
    max_chars: usize,
    /// Least share of Cyrillic among an answer's letters, 0 to 1.
    #[arg(long, default_value_t = 0.0, value_name = "SHARE")]
    min_cyrillic: f64,
    /// Leave out answers that are this much like an earlier one, 0 to 1, such as 0.85.
    #[arg(long, value_name = "LIKENESS")]
    near_duplicates: Option<f64>,
    /// Drop messages with a word of this list, one a line.
    #[arg(long, value_name = "FILE")]
    profanity: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ActionName {
    Keep,
    Mask,
    Cut,
    Drop,
}

impl From<ActionName> for Action {
    fn from(name: ActionName) -> Self {
        match name {
            ActionName::Keep => Self::Keep,
            ActionName::Mask => Self::Mask,
            ActionName::Cut => Self::Cut,
            ActionName::Drop => Self::Drop,
        }
    }
}

impl Arguments {
    fn options(&self) -> CleanOptions {
        let Spans { urls, mentions, emails, phones, cards, wallets, rename } = self.spans;
        CleanOptions {
            urls: urls.into(),
            mentions: mentions.into(),
            emails: emails.into(),
            phones: phones.into(),
            cards: cards.into(),
            wallets: wallets.into(),
            min_chars: self.turns.min_chars,
            max_chars: self.turns.max_chars,
            min_cyrillic: self.turns.min_cyrillic,
            near_duplicates: self.turns.near_duplicates,
            profanity: self.turns.profanity.clone(),
            rename,
            persona: self.turns.persona.clone(),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let report = clean(&arguments.input, &arguments.output, &arguments.options(), &Bar::default())?;
    let mut output = Output::open();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string(&report)?)?;
    } else {
        write!(output, "{}", table(&report))?;
    }
    Ok(())
}

fn table(report: &CleanReport) -> String {
    let whole = [
        (report.read, "dialogues read"),
        (report.written, "dialogues written"),
        (report.learned, "messages to learn from"),
    ];
    let mut lines: Vec<String> = whole.into_iter().map(super::row).collect();
    lines.extend(report.altered.iter().map(|(kind, count)| super::row((*count, &format!("{kind} cut or masked")))));
    lines.extend(report.left_out.iter().map(|(why, count)| super::row((*count, &format!("messages left out: {why}")))));
    lines.concat()
}
