//! Whether several daemons share the database as somebody meant them to.

use std::collections::BTreeMap;

use super::finding::Findings;
use crate::store::{self, Census, Location, NotedDaemon};

/// Looks at a database that is up to date, and changes nothing. On a SQLite file nobody shares anything.
pub(super) async fn look(location: &Location, findings: &mut Findings) {
    if matches!(location, Location::Sqlite(_)) {
        return;
    }
    let census = async {
        let store = store::open(location).await?;
        let census = store.census().await;
        store.close().await;
        census
    };
    match census.await {
        Ok(census) => judge(&census, findings),
        Err(error) => {
            let mend = "see that PostgreSQL lets this user read: psql \"$DATABASE_URL\" -c 'select 1 from daemons'";
            findings.error("daemons", format!("which daemons share the database can't be read: {error}"), mend);
        }
    }
}

fn judge(census: &Census, findings: &mut Findings) {
    let living = || census.daemons.iter().filter(|daemon| daemon.is_alive());
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for NotedDaemon { name, .. } in living() {
        *names.entry(name.as_str()).or_default() += 1;
    }
    if living().count() > 1 {
        let all: Vec<&str> = living().map(|daemon| daemon.name.as_str()).collect();
        findings.ok("daemons", format!("{} daemons share the personas: {}", all.len(), all.join(", ")));
    }
    for (name, _) in names.iter().filter(|(_, count)| **count > 1) {
        let mend = "write a `name` into the settings of each (MASKARAD_NAME), and restart them";
        findings.warning(
            "daemons",
            format!("several daemons are called {name}, so no persona can be moved to them"),
            mend,
        );
    }
    let lost = census.placements.iter().filter(|(_, daemon)| !names.contains_key(daemon.as_str()));
    for (persona, daemon) in lost {
        findings.warning(
            "daemons",
            format!("{persona} was moved to {daemon}, which doesn't run, so another daemon serves it"),
            format!("start {daemon}, or say `maskarad persona move {persona} --anywhere`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::chat::PersonaName;
    use crate::store::{DaemonId, DaemonName};

    fn daemon(id: &str, name: &str, silent: u64) -> NotedDaemon {
        NotedDaemon {
            id: DaemonId(id.to_owned()),
            name: DaemonName::parse(name).unwrap(),
            seats: BTreeSet::new(),
            silent: Duration::from_secs(silent),
        }
    }

    fn told(census: &Census) -> String {
        let mut findings = Findings::default();
        judge(census, &mut findings);
        let mut output = Vec::new();
        findings.print(&mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn what_somebody_did_not_mean_is_told() {
        let placed = |name| [(PersonaName::parse("avtobus").unwrap(), DaemonName::parse(name).unwrap())].into();
        let alone = Census { daemons: vec![daemon("1", "a", 0), daemon("2", "b", 60)], ..Census::default() };
        assert!(!told(&alone).contains("daemons"), "{}", told(&alone));
        let good = Census { daemons: vec![daemon("1", "a", 0), daemon("2", "b", 1)], placements: placed("b"), ..alone };
        assert!(told(&good).contains("2 daemons share the personas: a, b") && !told(&good).contains("moved to"));
        let bad = Census { daemons: vec![daemon("1", "a", 0), daemon("2", "a", 0)], placements: placed("b"), ..good };
        let told = told(&bad);
        assert!(told.contains("several daemons are called a") && told.contains("avtobus was moved to b"), "{told}");
    }
}
