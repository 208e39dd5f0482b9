//! Nothing that the campaign leaves behind may hold a secret: no log line a token, a password or what people said; no row of
//! the database a token. And nothing may have panicked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;

/// Shorter texts are found in any log.
const SHORTEST_TEXT: usize = 12;

/// The logs of all daemons of an act.
pub(crate) struct Logs {
    folder: PathBuf,
    count: usize,
    finished: Vec<PathBuf>,
    keep: bool,
    /// How many lines were read.
    pub(crate) lines: usize,
    /// How many lines held certain words.
    pub(crate) counted: BTreeMap<&'static str, usize>,
    /// What was found, without the secret itself.
    pub(crate) findings: Vec<String>,
}

/// What must not be found, and where.
#[derive(Default)]
pub(crate) struct Secrets {
    /// Nowhere.
    pub(crate) everywhere: Vec<String>,
    /// In no log.
    pub(crate) in_logs: Vec<String>,
}

impl Secrets {
    /// A token: the part after the bot's id is the secret.
    pub(crate) fn token(&mut self, token: &str) {
        let (_, secret) = token.split_once(':').expect("a token has a colon");
        self.everywhere.push(secret.to_owned());
    }

    /// What somebody said.
    pub(crate) fn text(&mut self, text: &str) {
        if text.chars().count() <= SHORTEST_TEXT {
            return;
        }
        let json = serde_json::to_string(text).expect("a text is JSON");
        let debug = format!("{text:?}");
        let escaped = [json, debug].map(|quoted| quoted[1..quoted.len() - 1].to_owned());
        self.in_logs.extend(escaped.into_iter().chain([text.to_owned()]));
    }
}

impl Logs {
    /// An empty folder.
    pub(crate) fn new(folder: PathBuf, keep: bool) -> Self {
        std::fs::create_dir_all(&folder).unwrap();
        let (finished, counted, findings) = Default::default();
        Self { folder, count: 0, finished, keep, lines: 0, counted, findings }
    }

    /// Where the next daemon writes its log, and whether as JSON.
    pub(crate) fn next(&mut self) -> (PathBuf, bool) {
        self.count += 1;
        (self.folder.join(format!("{}.log", self.count)), self.count.is_multiple_of(2))
    }

    /// A log that is complete.
    pub(crate) fn finished(&mut self, log: PathBuf) {
        self.finished.push(log);
    }

    /// Counts the lines that hold these words, from now on.
    pub(crate) fn count(&mut self, words: &'static str) {
        self.counted.insert(words, 0);
    }

    /// How many are complete and were not read yet.
    pub(crate) fn unread(&self) -> usize {
        self.finished.len()
    }

    /// Reads what is complete, and removes it unless it is to be kept.
    pub(crate) fn read(&mut self, secrets: &Secrets) {
        let patterns: Vec<&str> = secrets.everywhere.iter().chain(&secrets.in_logs).map(String::as_str).collect();
        let patterns = AhoCorasick::new(patterns).unwrap();
        for log in std::mem::take(&mut self.finished) {
            let bytes = std::fs::read(&log).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            for line in text.lines() {
                self.lines += 1;
                for (words, count) in &mut self.counted {
                    *count += usize::from(line.contains(*words));
                }
                if let Some(finding) = finding(&patterns, line, secrets.everywhere.len()) {
                    self.findings.push(format!("{}: {finding}", name(&log)));
                }
            }
            if !self.keep {
                std::fs::remove_file(&log).unwrap();
            }
        }
    }
}

/// What is wrong with a line of a log.
fn finding(patterns: &AhoCorasick, line: &str, everywhere: usize) -> Option<String> {
    if line.contains("panicked") {
        return Some(line.to_owned());
    }
    let found = patterns.find(line)?;
    let what = if found.pattern().as_usize() < everywhere { "a token or password" } else { "what somebody said" };
    // The line up to there tells who wrote it.
    Some(format!("{what} after {:?}", &line[..found.start()]))
}

/// Secrets in what a database keeps: where, without the secret itself.
pub(crate) fn in_rows(secrets: &Secrets, dump: &[(String, Vec<u8>)]) -> Vec<String> {
    let patterns = AhoCorasick::new(&secrets.everywhere).unwrap();
    let dirty = dump.iter().filter(|(_, bytes)| patterns.is_match(bytes));
    dirty.map(|(place, _)| format!("{place} holds a token or password")).collect()
}

fn name(log: &Path) -> String {
    log.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let mut secrets = Secrets::default();
        secrets.token("123:AAdeadbeef");
        secrets.text("какой \"длинный\" текст");
        secrets.text("короткий");
        secrets
    }

    #[test]
    fn secrets_and_panics_are_found_in_logs_however_they_are_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let lines = [
            "all is well, короткий",
            "url=https://x/bot123:AAdeadbeef/getMe",
            r#"{"text":"какой \"длинный\" текст"}"#,
            "какой \"длинный\" текст",
            "thread 'main' panicked at src/x.rs",
        ];
        let mut logs = Logs::new(folder.path().join("logs"), false);
        let (log, _) = logs.next();
        std::fs::write(&log, lines.join("\n")).unwrap();
        logs.finished(log.clone());
        logs.read(&secrets());
        assert_eq!((logs.lines, logs.findings.len()), (5, 4), "{:?}", logs.findings);
        assert!(!logs.findings.iter().any(|finding| finding.contains("deadbeef") || finding.contains("длинный")));
        assert!(!log.exists());
    }

    #[test]
    fn tokens_are_found_in_rows_and_texts_may_be_there() {
        let clean = ("messages".to_owned(), "какой \"длинный\" текст".as_bytes().to_vec());
        let dirty = ("bots".to_owned(), b"\x00\xffAAdeadbeef\x00".to_vec());
        let found = in_rows(&secrets(), &[clean, dirty]);
        assert!(found.len() == 1 && found[0].starts_with("bots"), "{found:?}");
    }
}
