//! The acts of a campaign, and how each ends: calm, then the audit, the books, the search for secrets, the report.

pub(crate) mod errors;
pub(crate) mod kills;
pub(crate) mod standby;
pub(crate) mod workers;

use crate::audit::{Evidence, audit};
use crate::books::Books;
use crate::ground::PASSWORD;
use crate::log;
use crate::report::Report;
use crate::secrets::{self, Secrets};
use crate::stage::Stage;

impl Stage {
    /// Ends an act: no more faults, calm, and the daemon stops as it should. Then everything is judged.
    pub(crate) async fn finish(&mut self, title: &str, least: usize) -> Report {
        self.tg.clear_faults();
        let stormy = self.began.elapsed();
        let left = self.calm().await;
        let wall = self.began.elapsed();
        self.stop().await;
        let mut report = Report::new(title);
        if let Some(left) = left {
            report.fail(left);
        }
        let attempts = log::attempts(&self.tg, &self.bots(), 0);
        let notices = notices();
        let evidence = Evidence { script: &self.script, attempts: &attempts, kills: &self.kills, notices: &notices };
        let verdict = audit(&evidence);
        report.verdict(&verdict, self.script.written.len(), wall);
        if self.kills.is_empty() && attempts.iter().all(|attempt| attempt.fault.is_none()) {
            report.no_excuse(&verdict);
        }
        report.line(&format!("calm {:.1} s after the last fault", (wall - stormy).as_secs_f64()));
        report.kills(&self.kills, least);
        report.duplicates(&verdict);
        report.faults(&self.tg);
        let books = Books::read(&mut self.ground, &self.cast).await;
        report.books(&books, books.differences(&self.script, &verdict));
        self.keep_secrets(&mut report).await;
        report
    }

    /// Searches logs and database.
    async fn keep_secrets(&mut self, report: &mut Report) {
        let secrets = self.secrets();
        self.logs.read(&secrets);
        let dump = self.ground.dump().await;
        let bytes: usize = dump.iter().map(|(_, bytes)| bytes.len()).sum();
        report.line(&format!(
            "searched for {} secrets and texts: {} lines of logs, {bytes} bytes of the database",
            secrets.everywhere.len() + secrets.in_logs.len(),
            self.logs.lines
        ));
        for finding in std::mem::take(&mut self.logs.findings).into_iter().chain(secrets::in_rows(&secrets, &dump)) {
            report.fail(format!("secrets: {finding}"));
        }
    }

    /// Everything that is secret by now.
    fn secrets(&self) -> Secrets {
        let mut secrets = Secrets { everywhere: vec![PASSWORD.to_owned()], in_logs: Vec::new() };
        secrets.everywhere.extend(self.crew.password());
        for bot in self.bots() {
            secrets.token(&bot.token());
            for sent in self.tg.sent_by(&bot) {
                secrets.text(&sent.text);
            }
        }
        for written in &self.script.written {
            secrets.text(&written.text);
        }
        secrets
    }

    /// Reads finished logs once there are many, for they take room.
    pub(crate) fn read_logs(&mut self, many: usize) {
        if self.logs.unread() >= many {
            let secrets = self.secrets();
            self.logs.read(&secrets);
        }
    }
}

/// The texts by which the daemon declines to answer.
fn notices() -> Vec<String> {
    use maskarad::access::Cap;
    use maskarad::chat::Language;
    let languages = [Language::Ru, Language::En].map(maskarad::texts::in_language);
    let declined = |texts: &dyn maskarad::texts::Texts| {
        [texts.hour_spent(Cap::User), texts.hour_spent(Cap::Chat), texts.overloaded()]
    };
    languages.iter().flat_map(|texts| declined(*texts)).collect()
}
