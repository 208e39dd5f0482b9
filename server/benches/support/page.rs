//! What a run has to say: printed as it comes, and kept for a section of a document.

use std::path::Path;
use std::process::Command;

use anyhow::Context;
use time::OffsetDateTime;

/// A section in Markdown, and the target that makes it: a document holds it between two lines that name that.
pub(crate) struct Page {
    target: &'static str,
    text: String,
}

impl Page {
    /// Begins with what is measured and the machine.
    pub(crate) fn begin(target: &'static str, title: &str, about: &str) -> Self {
        let mut page = Self { target, text: String::new() };
        let today = OffsetDateTime::now_utc().date();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let build = if cfg!(debug_assertions) { "development" } else { "release" };
        page.say(&format!("## {title}\n"));
        page.say(&format!("{today}, {cores} cores, {}, {build} build. {about}\n", processor()));
        page
    }

    /// Says a line.
    pub(crate) fn say(&mut self, line: &str) {
        println!("{line}");
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Says a chapter.
    pub(crate) fn chapter(&mut self, title: &str, text: &str) {
        self.say(&format!("\n### {title}\n\n{}", text.trim_end()));
    }

    /// Writes it into its section of a document; at the end, where the document has none yet.
    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        let document = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
        let marks = [format!("<!-- {} -->", self.target), format!("<!-- end of {} -->", self.target)];
        let (before, after) = match (document.find(&marks[0]), document.find(&marks[1])) {
            (Some(begin), Some(end)) => (&document[..begin], &document[end + marks[1].len()..]),
            _ => (document.as_str(), "\n"),
        };
        let section = format!("{}\n\n{}\n\n{}\n\n{}", before.trim_end(), marks[0], self.text.trim_end(), marks[1]);
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
