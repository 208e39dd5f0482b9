//! What a run has to say: printed as it comes, and kept for a section of a document.

use std::path::Path;
use std::process::Command;

use anyhow::Context;
use time::OffsetDateTime;

/// Between these lines a document holds the section.
const MARKS: (&str, &str) = ("<!-- make load -->", "<!-- end of make load -->");

/// A section in Markdown.
pub(crate) struct Page(String);

impl Page {
    /// Begins with the machine.
    pub(crate) fn begin() -> Self {
        let mut page = Self(String::new());
        let today = OffsetDateTime::now_utc().date();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        page.say("## The whole daemon under load (`make load`, server/benches/load)\n");
        page.say(&format!(
            "{today}, {cores} cores, {}, {} build. `maskarad serve` is a process of its own; the emulator and the people share \
             its cores. Two personas on one random checkpoint of ruGPT3Small's shape (12×768, 50,264 rows) in int8, private \
             chats, replies of 128 tokens, SQLite. A wait is from the message in the emulator to the reply's arrival there.\n",
            processor(),
            if cfg!(debug_assertions) { "development" } else { "release" },
        ));
        page
    }

    /// Says a line.
    pub(crate) fn say(&mut self, line: &str) {
        println!("{line}");
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// Says a chapter.
    pub(crate) fn chapter(&mut self, title: &str, text: &str) {
        self.say(&format!("\n### {title}\n\n{}", text.trim_end()));
    }

    /// Writes it into its section of a document; at the end, where the document has none yet.
    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        let document = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
        let (before, after) = match (document.find(MARKS.0), document.find(MARKS.1)) {
            (Some(begin), Some(end)) => (&document[..begin], &document[end + MARKS.1.len()..]),
            _ => (document.as_str(), "\n"),
        };
        let section = format!("{}\n\n{}\n\n{}\n\n{}", before.trim_end(), MARKS.0, self.0.trim_end(), MARKS.1);
        Ok(std::fs::write(file, format!("{section}{after}"))?)
    }
}

/// The processor's name.
fn processor() -> String {
    let told = Command::new("lscpu").env("LC_ALL", "C").output().map(|told| told.stdout).unwrap_or_default();
    let told = String::from_utf8_lossy(&told).into_owned();
    let name = told.lines().find_map(|line| line.strip_prefix("Model name:"));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |name| name.trim().to_owned())
}
