//! What is let through, and how it looks.

use std::path::Path;

use serde_json::Value;
use tracing_subscriber::util::SubscriberInitExt;

use super::*;
use crate::chat::{PersonaName, TransportKind};
use crate::config::daemon::JournalStream;
use crate::config::problem::Problem;
use crate::request::RequestId;
use crate::testing::Sink;

fn config(filter: Option<&str>) -> LogConfig {
    LogConfig { format: None, filter: filter.map(str::to_owned), filter_overridden: false, journal_stream: None }
}

/// A log in JSON for this thread, as long as the guard lives.
fn log(text: &str) -> (Log, Sink, tracing::subscriber::DefaultGuard) {
    let sink = Sink::default();
    let (filter, handle) = reload::Layer::new(filter(text));
    let quiet = filter_fn(|about| !tells(about));
    let writer = sink.clone();
    let guard =
        tracing_subscriber::registry().with(filter).with(quiet).with(json(move || writer.clone())).set_default();
    (Log { filter: handle, default_filter: "info" }, sink, guard)
}

#[test]
fn a_library_that_tells_stays_quiet_whatever_the_filter_says() {
    for text in ["trace", "tokenizers=trace", "info,tokenizers::models::bpe=trace", "[encode]=trace,trace"] {
        let (_log, sink, _guard) = log(text);
        let span = tracing::trace_span!(target: "tokenizers::models::bpe", "encode", text = "секрет");
        span.in_scope(|| {
            tracing::trace!(target: "tokenizers::models::bpe", "секрет");
            tracing::debug!(target: "tokenizers", "секрет");
            tracing::warn!(target: "tokenizers", "a warning");
            tracing::warn!(target: "tokenizers_of_others", "another one");
        });
        let said = sink.text();
        assert!(!said.contains("секрет"), "{text}: {said}");
        assert!(text.starts_with("tokenizers=") || said.contains("another one"), "{text}: {said}");
        assert!(!text.starts_with("trace") || said.contains("a warning"), "{text}: {said}");
    }
}

#[test]
fn the_request_is_on_every_line_whatever_the_filter_says() {
    let request = RequestId::of_update(&PersonaName::parse("avtobus").unwrap().at(TransportKind::Telegram), 77);
    for text in ["trace", "warn", "off,maskarad::cli::logging=error", "maskarad::request=off,warn"] {
        let (_log, sink, _guard) = log(text);
        request.span().in_scope(|| tracing::error!("not delivered"));
        let line: Value = serde_json::from_str(&sink.text()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((&line["message"], &line["spans"][0]["request"]), (&"not delivered".into(), &"avtobus-77".into()));
    }
}

#[test]
fn a_line_is_about_one_message() {
    let [one, other] =
        [1, 2].map(|id| RequestId::of_update(&PersonaName::parse("avtobus").unwrap().at(TransportKind::Telegram), id));
    let (_log, sink, _guard) = log("info");
    one.span().in_scope(|| other.span().in_scope(|| tracing::info!("routed")));
    let line: Value = serde_json::from_str(&sink.text()).unwrap();
    assert_eq!(line["spans"].as_array().unwrap().len(), 1, "{line}");
    assert_eq!(line["spans"][0]["request"], "avtobus-2");
}

#[test]
fn the_filter_follows_the_settings_and_broken_ones_change_nothing() {
    let (log, sink, _guard) = log("info");
    let said = |level: &str| {
        sink.clear();
        tracing::debug!("a debug line");
        log::debug!("a debug line of log's");
        tracing::info!("an info line");
        let text = sink.text();
        assert_eq!(text.contains("an info line"), level != "warn", "{level}: {text}");
        assert_eq!(text.contains("a debug line"), level == "debug", "{level}: {text}");
    };
    said("info");
    log.follow(Ok(config(Some("debug"))));
    assert!(sink.text().contains("\"filter\":\"debug\""), "{}", sink.text());
    // Other tests ask for more at the same time.
    assert!(log::max_level() >= log::LevelFilter::Debug, "the crate log is told, too");
    said("debug");
    log.follow(Err(Problems(vec![Problem::of_file(Path::new("m.yaml"), "log.filter", "expected a filter")])));
    assert!(sink.text().contains("m.yaml: log.filter: expected a filter"), "{}", sink.text());
    said("debug");
    log.follow(Ok(LogConfig { filter_overridden: true, ..config(Some("warn")) }));
    assert!(sink.text().contains("\"filter\":\"warn\"") && sink.text().contains("MASKARAD_LOG"), "{}", sink.text());
    said("warn");
    log.follow(Ok(config(None)));
    said("info");
}

#[test]
fn the_journal_is_chosen_where_standard_error_leads_there() {
    let here = rustix::fs::fstat(std::io::stderr()).unwrap();
    let stream = JournalStream { device: here.st_dev, inode: here.st_ino };
    let on = |journal_stream| fitting(&LogConfig { journal_stream, ..config(None) });
    assert_eq!(on(Some(stream)), LogFormat::Journald);
    assert_eq!(on(Some(JournalStream { inode: here.st_ino + 1, ..stream })), LogFormat::Human, "redirected since");
    assert_eq!(on(None), LogFormat::Human);
}
