//! The tables that people see. Pure.

mod workers;

use std::collections::BTreeSet;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use time::{Duration, OffsetDateTime};

use super::told::{Failure, Standing, Told, Work};

const MIB: u64 = 1 << 20;
const HEAD: [&str; 8] = ["PERSONA", "STATE", "CHATS", "REPLIES/DAY", "LAST HOUR", "TOKENS/S", "MEMORY", "LAST ERROR"];

/// Everything, to be printed.
pub(super) fn render(told: &Told, now: OffsetDateTime) -> String {
    let mut lines = vec![headline(told)];
    lines.extend(told.reasons.iter().map(|reason| format!("  {reason}")));
    lines.push(table(told, now));
    if let Some(backlog) = told.backlog {
        lines.push(format!(
            "waiting: {} updates, {} messages that ask for an answer, {} that insanity or chance would answer, {} replies to be sent",
            backlog.unrouted, backlog.directed, backlog.ambient, backlog.ready
        ));
    }
    lines.extend(told.elsewhere.as_ref().map(workers::render));
    lines.join("\n")
}

fn headline(told: &Told) -> String {
    let mut parts = vec![told.status.clone()];
    if !told.version.is_empty() {
        parts.push(format!("maskarad {}", told.version));
        parts.push(format!("up {}", span(Duration::seconds(i64::try_from(told.up_seconds).unwrap_or(i64::MAX)))));
    }
    if let Some(resident) = told.resident_bytes {
        parts.push(format!(
            "{} MiB of memory, {} of them shared weights",
            resident.div_ceil(MIB),
            shared(told).div_ceil(MIB)
        ));
    }
    parts.join(", ")
}

/// Each base counts once, however many wear it.
fn shared(told: &Told) -> u64 {
    let weights = told.work.values().filter_map(|work| work.weights.as_ref());
    let bases: BTreeSet<(&str, u64)> = weights.map(|weights| (weights.base.as_str(), weights.base_bytes)).collect();
    bases.iter().map(|(_, bytes)| bytes).sum()
}

fn table(told: &Told, now: OffsetDateTime) -> String {
    if told.personas.is_empty() {
        return "  no persona is known".to_owned();
    }
    let rows = told.personas.iter();
    plain(HEAD, rows.map(|(name, standing)| row(name, standing, told.work.get(name).unwrap_or(&Work::default()), now)))
}

/// A table without lines.
fn plain<const COLUMNS: usize>(head: [&str; COLUMNS], rows: impl Iterator<Item = [String; COLUMNS]>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(head).add_rows(rows);
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn row(name: &str, standing: &Standing, work: &Work, now: OffsetDateTime) -> [String; 8] {
    let number = |number: Option<u64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    [
        name.to_owned(),
        state(standing),
        number(work.chats),
        number(work.replies_day),
        rate(work.replies_hour),
        work.tokens_per_second.map_or_else(|| "?".to_owned(), |speed| format!("{speed:.0}")),
        memory(work),
        last_error(standing, work.last_failure.as_ref(), now),
    ]
}

/// How far it has come, and, where that is with another daemon, with which.
fn state(standing: &Standing) -> String {
    match &standing.by {
        Some(by) => format!("{} ({by} serves it)", standing.state),
        None => standing.state.clone(),
    }
}

/// Replies of the last hour, and what that is a minute.
fn rate(hour: Option<u64>) -> String {
    let Some(hour) = hour else { return "?".to_owned() };
    let tenths = hour.saturating_mul(10) / 60;
    format!("{hour} ({}.{}/min)", tenths / 10, tenths % 10)
}

fn memory(work: &Work) -> String {
    let Some(weights) = &work.weights else { return "?".to_owned() };
    let base = format!("{} MiB", weights.base_bytes.div_ceil(MIB));
    if weights.adapter_bytes == 0 { base } else { format!("{base} + {} MiB", weights.adapter_bytes.div_ceil(MIB)) }
}

/// What troubles it now, or else what went wrong last.
fn last_error(standing: &Standing, failure: Option<&Failure>, now: OffsetDateTime) -> String {
    if let Some(trouble) = &standing.trouble {
        return trouble.clone();
    }
    let Some(failure) = failure else { return "none".to_owned() };
    let ago = span(now - failure.at);
    match &failure.reason {
        Some(reason) => format!("{ago} ago: {}: {reason}", failure.outcome),
        None => format!("{ago} ago: {}", failure.outcome),
    }
}

fn span(span: Duration) -> String {
    let seconds = span.whole_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-09-01 12:00 UTC);

    fn rendered(said: serde_json::Value) -> String {
        render(&serde_json::from_value(said).unwrap(), NOW)
    }

    #[test]
    fn all_is_shown() {
        let weights = |adapter: u64| json!({ "base": "x", "base_bytes": 8 * MIB, "adapter_bytes": adapter });
        let failure =
            json!({ "at": "2026-09-01T10:00:00Z", "outcome": "rejected", "reason": "Bad Request: chat not found" });
        let said = json!({
            "status": "degraded", "reasons": ["polkson: no connection"], "version": "0.1.0", "up_seconds": 7300,
            "resident_bytes": 100 * MIB, "backlog": { "unrouted": 0, "directed": 1, "ambient": 2, "ready": 3 },
            "personas": { "avtobus": { "state": "polling" }, "polkson": { "state": "polling", "trouble": "no connection" } },
            "work": {
                "avtobus": { "chats": 3, "replies_day": 120, "replies_hour": 30, "tokens_per_second": 84.6, "weights": weights(0), "last_failure": failure },
                "polkson": { "chats": 0, "replies_day": 0, "replies_hour": 0, "weights": weights(MIB) },
            },
        });
        insta::assert_snapshot!(rendered(said), @r"
        degraded, maskarad 0.1.0, up 2 h, 100 MiB of memory, 8 of them shared weights
          polkson: no connection
         PERSONA  STATE    CHATS  REPLIES/DAY  LAST HOUR     TOKENS/S  MEMORY         LAST ERROR
         avtobus  polling  3      120          30 (0.5/min)  85        8 MiB          2 h ago: rejected: Bad Request: chat not found
         polkson  polling  0      0            0 (0.0/min)   ?         8 MiB + 1 MiB  no connection
        waiting: 0 updates, 1 messages that ask for an answer, 2 that insanity or chance would answer, 3 replies to be sent
        ");
    }

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let text = rendered(json!({ "status": "unavailable", "personas": { "avtobus": { "state": "starting" } } }));
        assert!(text.contains('?') && !text.contains('0'), "{text}");
        let elsewhere = json!({ "personas": { "avtobus": { "state": "standby", "by": "bus-2" } } });
        assert!(rendered(elsewhere).contains("standby (bus-2 serves it)"));
        assert!(rendered(json!({ "surprise": 1 })).contains("no persona is known"));
    }

    #[test]
    fn spans_are_short() {
        let told = [5, 65, 7300, 400_000].map(|seconds| span(Duration::seconds(seconds)));
        assert_eq!(told, ["5 s", "1 min", "2 h", "4 days"]);
    }
}
