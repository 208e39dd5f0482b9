//! What is wrong with a configuration file, and where. Collected, so that one run shows everything there is to mend.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use serde_saphyr::Location;

/// One thing wrong with the configuration. Printed, it names place and mend, and never shows a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, or the environment variable as `$NAME`.
    pub file: PathBuf,
    /// Line and column, counted from one, where they are known.
    pub place: Option<(u64, u64)>,
    /// The key, dotted: `generation.top_p`. Empty where the file as a whole is at fault.
    pub key: String,
    /// What is wrong, and what was expected.
    pub message: String,
    /// The line at fault.
    excerpt: Option<String>,
}

/// All that is wrong; never empty when it is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Problem {
    /// A problem with no line of its own.
    pub fn of_file(file: &Path, key: &str, message: impl fmt::Display) -> Self {
        let message = without_secrets(&message.to_string());
        Self { file: file.to_owned(), place: None, key: key.to_owned(), message, excerpt: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        let separator = if self.key.is_empty() { "" } else { ": " };
        write!(f, ": {}{separator}{}", self.key, self.message)?;
        let (Some(excerpt), Some((line, column))) = (&self.excerpt, self.place) else { return Ok(()) };
        let indent = usize::try_from(column.saturating_sub(1)).unwrap_or(0).min(excerpt.chars().count());
        let (number, gutter) = (line.to_string(), " ".repeat(line.to_string().len()));
        write!(f, "\n    {number} | {excerpt}\n    {gutter} | {}^", " ".repeat(indent))
    }
}

/// Collects the problems of one file while it is read.
#[derive(Debug)]
pub(super) struct Report<'a> {
    file: &'a Path,
    /// The file's text, where lines of it may be shown.
    text: Option<&'a str>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Report<'a> {
    pub(super) fn new(file: &'a Path, text: Option<&'a str>) -> Self {
        Self { file, text, problems: Vec::new() }
    }

    /// The folder of the file, which its relative paths start from.
    pub(super) fn folder(&self) -> &'a Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// Notes a problem at a place in the file.
    pub(super) fn note(&mut self, key: &str, location: Location, message: impl fmt::Display) {
        let mut problem = Problem::of_file(self.file, key, message);
        if location.line() > 0 {
            problem.place = Some((location.line(), location.column()));
            problem.excerpt = self.excerpt(location.line());
        }
        self.problems.push(problem);
    }

    /// Everything that was noted, in the order of the file.
    pub(super) fn into_problems(mut self) -> Problems {
        self.problems.sort_by_key(|problem| problem.place);
        Problems(self.problems)
    }

    /// Notes what the YAML reader found: a syntax error, a key that stands twice.
    pub(super) fn note_yaml(&mut self, error: &serde_saphyr::Error) {
        let location = error.location().unwrap_or(Location::UNKNOWN);
        let message = error.without_snippet().to_string();
        // The place is told in front of the message already.
        let suffix = format!(" at line {}, column {}", location.line(), location.column());
        self.note("", location, plainly(message.trim_end_matches(&suffix)));
    }

    fn line(&self, number: u64) -> Option<&'a str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.text?.lines().nth(index)
    }

    fn excerpt(&self, line: u64) -> Option<String> {
        let line = self.line(line)?.trim_end();
        // A line of many kilobytes would hide the message.
        (!line.is_empty() && line.chars().count() <= 200).then(|| without_secrets(&line.replace('\t', " ")))
    }
}

/// The YAML reader's messages in the words of those who write manifests.
fn plainly(message: &str) -> String {
    match message.strip_prefix("duplicate mapping key: ").and_then(|rest| rest.split(',').next()) {
        Some(key) => format!("the key {key} stands here twice"),
        None => message.to_owned(),
    }
}

/// Bot tokens written into a file by mistake, and the user part of URLs.
fn without_secrets(text: &str) -> String {
    static SECRETS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\d{4,}:[A-Za-z0-9_-]{20,}|(?P<scheme>://)[^/\s]*@").expect("the pattern is a constant")
    });
    SECRETS.replace_all(text, "$scheme[secret]").into_owned()
}
