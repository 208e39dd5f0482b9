//! Whether the state's database is there and as this release wants it.

use super::company;
use super::finding::Findings;
use crate::cli::location;
use crate::config::daemon::DaemonConfig;
use crate::store::{self, Condition, Location, StoreError};

/// Looks at the database, and changes nothing.
pub(super) async fn look(config: &DaemonConfig, findings: &mut Findings) {
    let location = match location(config) {
        Ok(location) => location,
        Err(error) => {
            let mend = "write store.url (DATABASE_URL) as postgres://user@host/database, or leave it out for SQLite";
            return findings.error("database", crate::cli::sentence(&error), mend);
        }
    };
    match store::examine(&location).await {
        Ok(Condition::Current) => {
            findings.ok("database", format!("{location}: there, and up to date"));
            company::look(&location, findings).await;
        }
        Ok(Condition::Absent) => {
            findings.ok("database", format!("{location}: not there yet; the first start makes it"));
        }
        Ok(Condition::Behind(missing)) => {
            let migrations = if missing == 1 { "migration" } else { "migrations" };
            findings.note(
                "database",
                format!("{location}: there, and {missing} {migrations} behind this release"),
                "start the daemon, which applies them; make a backup first (docs/OPERATING.md)",
            );
        }
        Err(error) => findings.error("database", format!("{location}: {error}"), mend(&location, &error)),
    }
}

fn mend(location: &Location, error: &StoreError) -> &'static str {
    match (location, error) {
        (_, StoreError::Newer { .. }) => "install the newer release again, or restore a backup made before it",
        (Location::Postgres(_), _) => {
            "see that PostgreSQL runs and lets this user in: psql \"$DATABASE_URL\" -c 'select 1'"
        }
        (Location::Sqlite(_), _) => {
            "see that the file is Maskarad's own and this user may read it; else restore a backup (docs/OPERATING.md)"
        }
    }
}
