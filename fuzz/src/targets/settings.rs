//! The daemon's settings: any text is read or refused, and nothing of a secret is told.
//!
//! A line `#NAME=value` sets an environment variable; to YAML it is a comment.

use std::path::Path;

use maskarad::config::daemon;
use maskarad::config::environment::Environment;

use super::Target;

pub(super) const TARGET: Target = Target {
    name: "settings",
    run,
    words: &[
        "telegram:",
        "api_url: ",
        "proxy: ",
        "engine:",
        "threads: ",
        "kv_memory: 256MiB",
        "max_batch: ",
        "store:",
        "url: ",
        "path: ",
        "wait_seconds: ",
        "retention:",
        "message_days: ",
        "messages_per_chat: ",
        "inbox_hours: ",
        "job_days: ",
        "jobs_per_chat: ",
        "http:",
        "listen: ",
        "webhook: ",
        "queue:",
        "pace:",
        "personas: ",
        "cache: ",
        "log:",
        "format: json",
        "filter: ",
        "info,maskarad=debug",
        "postgres://u:p@h/d",
        "socks5h://u:p@h:1",
        "#DATABASE_URL=",
        "#MASKARAD_TELEGRAM_PROXY=",
        "#MASKARAD_LOG=",
        "#MASKARAD_ENGINE_KV_MEMORY=",
        "#STATE_DIRECTORY=",
        "18446744073709551616GiB",
        "1e9",
        "{",
        "[",
        "&a",
        "*a",
        "|\n",
    ],
};

/// Stands around every variable's value in the second reading; makes a secret of it that is none of the file's.
const MARK: char = '\u{e000}';

fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let variables: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.strip_prefix('#')?.split_once('=')).collect();
    let find = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    match daemon::parse(Path::new("maskarad.yaml"), &text, Environment::new(&find)) {
        Ok(config) => {
            assert!(config.engine.kv_memory >= 1 << 20 && config.engine.max_batch >= 1);
        }
        Err(problems) => assert!(!problems.to_string().is_empty(), "refused without a word"),
    }
    let marked = |name: &str| find(name).map(|value| format!("{MARK}{value}{MARK}"));
    if let Err(problems) = daemon::parse(Path::new("maskarad.yaml"), "", Environment::new(&marked)) {
        assert!(!problems.to_string().contains(MARK), "a problem repeats a variable's value");
    }
}
