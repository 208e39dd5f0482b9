//! What `doctor` found, and how it is told. Knows no check.

use std::io::Write;

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// Worth knowing; nothing to do, or nothing yet.
    Note,
    /// It works, and not as it was meant.
    Warning,
    /// It doesn't work.
    Error,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What was looked at, in a word that stays the same between releases.
    check: &'static str,
    level: Level,
    /// A sentence.
    message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

/// Collects what was found. Holds no token and no text of a chat, because no check passes one in.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

/// The JSON.
#[derive(Debug, Serialize)]
struct Report<'a> {
    /// The worst of the levels.
    status: Level,
    findings: &'a [Finding],
}

impl Findings {
    pub(super) fn ok(&mut self, check: &'static str, message: impl Into<String>) {
        self.0.push(Finding { check, level: Level::Ok, message: message.into(), mend: None });
    }

    pub(super) fn note(&mut self, check: &'static str, message: impl Into<String>, mend: impl Into<String>) {
        self.add(check, Level::Note, message, mend);
    }

    pub(super) fn warning(&mut self, check: &'static str, message: impl Into<String>, mend: impl Into<String>) {
        self.add(check, Level::Warning, message, mend);
    }

    pub(super) fn error(&mut self, check: &'static str, message: impl Into<String>, mend: impl Into<String>) {
        self.add(check, Level::Error, message, mend);
    }

    fn add(&mut self, check: &'static str, level: Level, message: impl Into<String>, mend: impl Into<String>) {
        self.0.push(Finding { check, level, message: message.into(), mend: Some(mend.into()) });
    }

    /// How many there are of a level.
    pub(super) fn count(&self, level: Level) -> usize {
        self.0.iter().filter(|finding| finding.level == level).count()
    }

    fn worst(&self) -> Level {
        self.0.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
    }

    /// One object, for programs.
    pub(super) fn print_json(&self, output: &mut dyn Write) -> anyhow::Result<()> {
        let report = Report { status: self.worst(), findings: &self.0 };
        writeln!(output, "{}", serde_json::to_string_pretty(&report)?)?;
        Ok(())
    }

    /// A line for each, its mend under it, and what it comes to.
    pub(super) fn print(&self, output: &mut dyn Write) -> std::io::Result<()> {
        for finding in &self.0 {
            let level = match finding.level {
                Level::Ok => "ok",
                Level::Note => "note",
                Level::Warning => "WARNING",
                Level::Error => "ERROR",
            };
            writeln!(
                output,
                "{level:<8} {:<10} {}",
                finding.check,
                finding.message.replace('\n', "\n                    ")
            )?;
            if let Some(mend) = &finding.mend {
                writeln!(output, "{:20}→ {mend}", "")?;
            }
        }
        let told = |count, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        let [errors, warnings, notes] = [Level::Error, Level::Warning, Level::Note].map(|level| self.count(level));
        writeln!(output, "\n{}, {}, {}", told(errors, "error"), told(warnings, "warning"), told(notes, "note"))
    }
}

#[cfg(test)]
impl Findings {
    /// Level and check of each, and its message.
    pub(super) fn told(&self) -> Vec<(Level, &'static str, &str)> {
        self.0.iter().map(|finding| (finding.level, finding.check, finding.message.as_str())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Findings {
        let mut findings = Findings::default();
        findings.ok("settings", "maskarad.yaml can be read");
        findings.error("token", "avtobus: Telegram refuses the token", "get a new one from @BotFather");
        findings
    }

    #[test]
    fn people_get_lines() {
        let mut text = Vec::new();
        findings().print(&mut text).unwrap();
        insta::assert_snapshot!(String::from_utf8(text).unwrap(), @r"
        ok       settings   maskarad.yaml can be read
        ERROR    token      avtobus: Telegram refuses the token
                            → get a new one from @BotFather

        1 error, 0 warnings, 0 notes
        ");
    }

    #[test]
    fn programs_get_an_object() {
        let mut text = Vec::new();
        findings().print_json(&mut text).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(report["status"], "error");
        assert_eq!(report["findings"][1]["mend"], "get a new one from @BotFather");
        assert_eq!(report["findings"][0]["level"], "ok");
    }
}
