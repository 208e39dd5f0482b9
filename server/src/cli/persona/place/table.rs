//! Who serves whom, as people see it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use time::OffsetDateTime;

use super::living;
use crate::chat::PersonaName;
use crate::store::{Census, DaemonId, Holding};

const HEAD: [&str; 4] = ["PERSONA", "SERVED BY", "SINCE (UTC)", "MOVED TO"];

/// Everything, to be printed.
pub(super) fn render(census: &Census, now: OffsetDateTime) -> String {
    let offered = living(census).flat_map(|daemon| &daemon.seats).map(|seat| &seat.persona);
    let served =
        census.holdings.iter().filter(|held| name(census, &held.holder).is_some()).map(|held| &held.seat.persona);
    let personas: BTreeSet<&PersonaName> = offered.chain(served).chain(census.placements.keys()).collect();
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(HEAD);
    for persona in &personas {
        let since = holdings(census, persona).map(|held| held.since).max();
        let moved = census.placements.get(persona).map_or("", |daemon| daemon.as_str());
        table.add_row([
            persona.as_str(),
            &server(census, persona),
            &since.map_or(String::new(), |at| moment(at, now)),
            moved,
        ]);
    }
    let mut lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    if personas.is_empty() {
        lines = vec!["nobody is served".to_owned()];
    }
    lines.push(daemons(census));
    lines.join("\n")
}

/// The daemon that serves a persona; were it several, which one where.
pub(super) fn server(census: &Census, persona: &PersonaName) -> String {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for held in holdings(census, persona) {
        let name = name(census, &held.holder).unwrap_or_default();
        names.entry(name).or_default().push(held.seat.transport.as_str());
    }
    match names.len() {
        0 => "nobody".to_owned(),
        1 => names.into_keys().collect(),
        _ => {
            let parts: Vec<String> =
                names.into_iter().map(|(name, transports)| format!("{name} ({})", transports.join(", "))).collect();
            parts.join(", ")
        }
    }
}

/// What living daemons hold of a persona.
fn holdings<'a>(census: &'a Census, persona: &'a PersonaName) -> impl Iterator<Item = &'a Holding> {
    census.holdings.iter().filter(move |held| held.seat.persona == *persona && name(census, &held.holder).is_some())
}

fn name<'a>(census: &'a Census, id: &DaemonId) -> Option<&'a str> {
    living(census).find(|daemon| daemon.id == *id).map(|daemon| daemon.name.as_str())
}

/// The time, and the day where it is another.
fn moment(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let time = format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
    if at.date() == now.date() { time } else { format!("{} {time}", at.date()) }
}

fn daemons(census: &Census) -> String {
    let told = census.daemons.iter().map(|daemon| {
        let held = census.holdings.iter().filter(|held| held.holder == daemon.id).map(|held| &held.seat.persona);
        match (daemon.is_alive(), held.collect::<BTreeSet<_>>().len()) {
            (false, _) => format!("{} (gone for {} s)", daemon.name, daemon.silent.as_secs()),
            (true, 1) => format!("{} (1 persona)", daemon.name),
            (true, count) => format!("{} ({count} personas)", daemon.name),
        }
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() { "no daemon has noted itself".to_owned() } else { format!("daemons: {}", told.join(", ")) }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::cli::persona::place::tests::{census, holding};
    use crate::store::DaemonName;

    #[test]
    fn all_is_shown() {
        let mut known = census();
        known.placements.insert(PersonaName::parse("polkson").unwrap(), DaemonName::parse("bus-2").unwrap());
        known.holdings.push(holding("romeo.telegram", "bus-3"));
        known.holdings.push(holding("avtobus.web", "bus-2"));
        known.holdings[1].since = datetime!(2026-08-30 23:00:01 UTC);
        insta::assert_snapshot!(render(&known, datetime!(2026-09-01 13:00 UTC)), @r"
         PERSONA  SERVED BY                      SINCE (UTC)          MOVED TO
         avtobus  bus-1 (telegram), bus-2 (web)  12:00:00
         polkson  bus-2                          2026-08-30 23:00:01  bus-2
         romeo    nobody
        daemons: bus-1 (1 persona), bus-2 (2 personas), bus-3 (gone for 42 s)
        ");
        assert!(render(&Census::default(), datetime!(2026-09-01 13:00 UTC)).contains("nobody is served\nno daemon"));
    }
}
