//! The log holds no token, no password and nothing of what people write, however much is logged.

use maskarad_testbed::{BadRequestKind, Fault, FaultSpec, ForbiddenKind};

use super::Stage;
use crate::support::database::{Backend, TestDatabase};
use crate::support::host::settled;

const WORDS: &str = "совершенно секретно";
const PASSWORD: &str = "hunter2hunter2";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_keeps_secrets_even_at_trace() {
    let database = TestDatabase::new(Backend::Postgres).await;
    let url = database.as_ref().map_or_else(String::new, |database| {
        let mut url = url::Url::parse(database.url()).unwrap();
        url.set_password(Some(PASSWORD)).unwrap();
        url.into()
    });
    let stage = Stage::new().await;
    for (filter, format) in [("debug", "human"), ("trace", "json"), ("trace", "human")] {
        let settings = [("DATABASE_URL", url.as_str()), ("MASKARAD_LOG", filter), ("MASKARAD_LOG_FORMAT", format)];
        let mut daemon = stage.serve(&settings);
        trouble(&stage, &daemon).await;
        daemon.signal("TERM");
        assert_eq!(daemon.ends_within(15).await.code(), Some(0));
        let log = daemon.log();
        assert!(log.lines().count() > 10 && log.contains("delivered"), "{filter}: it does log");
        for line in log.lines() {
            assert_keeps_secrets(&stage, filter, line);
        }
    }
}

/// A conversation in which everything goes wrong once.
pub(super) async fn trouble(stage: &Stage, daemon: &super::Daemon) {
    stage.answers(0, daemon).await;
    for fault in [
        Fault::DropConnection,
        Fault::ServerError(502),
        Fault::Malformed,
        Fault::Conflict,
        Fault::TooManyRequests { retry_after: 1 },
    ] {
        stage.tg.fault(FaultSpec::new(fault).method("getUpdates").times(1));
    }
    for fault in [
        Fault::BadRequest(BadRequestKind::ThreadNotFound),
        Fault::Forbidden(ForbiddenKind::Blocked),
        Fault::DropConnection,
    ] {
        stage.tg.fault(FaultSpec::new(fault).bot(&stage.bots[0]).method("sendMessage").times(1));
    }
    stage.everybody_writes(WORDS);
    stage.answers(1, daemon).await;
    settled(&stage.tg, &stage.bots[0]).await;
}

pub(super) fn assert_keeps_secrets(stage: &Stage, filter: &str, line: &str) {
    for bot in &stage.bots {
        let token = bot.token();
        let (_, secret) = token.split_once(':').unwrap();
        assert!(!line.contains(secret), "{filter}: a token\n{line}");
        for sent in stage.tg.sent_by(bot).iter().filter(|sent| sent.text.chars().count() > 12) {
            assert!(!line.contains(&sent.text), "{filter}: a reply\n{line}");
        }
    }
    assert!(!line.contains(WORDS), "{filter}: a message\n{line}");
    assert!(!line.contains(PASSWORD), "{filter}: a password\n{line}");
}
