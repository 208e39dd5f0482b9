//! Generation on other machines: whether the broker lets itself be used, who is heard there, and whether a worker would get
//! its weights.

use std::time::Duration;

use super::finding::Findings;
use crate::clock::secret_text;
use crate::config::daemon::DaemonConfig;
use crate::remote::worker::Source;
use crate::remote::{BrokerConfig, BrokerError, Standing, TELL, survey};

/// How long workers are listened for: each tells of itself at least once.
const LISTENING: Duration = TELL.saturating_add(Duration::from_secs(1));

/// For whom one looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// A daemon, which can do without.
    Daemon,
    /// A worker, which can't.
    Worker,
}

/// Looks at whatever of it is set.
pub(super) async fn look(config: &DaemonConfig, side: Side, findings: &mut Findings) {
    match &config.workers.broker {
        Some(settings) => broker(settings, side, findings).await,
        None if side == Side::Worker => findings.error(
            "broker",
            "workers.broker is not set, so there is nobody to work for",
            "set it to the address of your RabbitMQ (MASKARAD_BROKER, or the credential maskarad_broker-url)",
        ),
        None => {}
    }
    if let Some(daemon) = config.worker.daemon.clone() {
        weights(&Source { daemon, key: config.worker.key.clone() }, findings).await;
    }
}

async fn broker(settings: &BrokerConfig, side: Side, findings: &mut Findings) {
    let id = match secret_text::<8>() {
        Ok(secret) => format!("doctor-{secret}"),
        Err(error) => return findings.error("broker", error.to_string(), "see that /dev/urandom is there"),
    };
    match survey(settings, &id, LISTENING).await {
        Ok(workers) => {
            findings.ok("broker", "the broker is there, and lets our queues be made");
            crew(&workers, side, findings);
        }
        Err(error) => findings.error("broker", error.to_string(), mend(&error)),
    }
}

fn mend(error: &BrokerError) -> &'static str {
    match error {
        BrokerError::Url => "write workers.broker (MASKARAD_BROKER) in this form",
        BrokerError::Certificates { .. } => "let workers.ca name a file of certificates in PEM that this user may read",
        BrokerError::Blocked | BrokerError::Full => {
            "make room on the broker's disk, or take away what fills its memory"
        }
        BrokerError::Leaderless(_) => "ask again: the queue is made anew",
        BrokerError::Slow(_) | BrokerError::Said(_) | BrokerError::NoQueue(_) => {
            "see that RabbitMQ 3.10 or later runs where workers.broker says, that this machine reaches it, and that its user may \
             configure, write and read in its virtual host (docs/WORKERS.md)"
        }
    }
}

fn crew(workers: &[Standing], side: Side, findings: &mut Findings) {
    if workers.is_empty() {
        let message = format!("no worker was heard within {} s", LISTENING.as_secs());
        let mend =
            "start `maskarad worker` on another machine (docs/WORKERS.md); until then the daemon makes all replies";
        return match side {
            Side::Daemon => findings.warning("worker", message, mend),
            Side::Worker => findings.note("worker", message, mend),
        };
    }
    for worker in workers {
        one(worker, findings);
    }
}

fn one(worker: &Standing, findings: &mut Findings) {
    let Standing { name, program, instruction_set, bases, slots, .. } = worker;
    if let Some(why) = &worker.unusable {
        let mend = "install the same release of maskarad on both machines";
        return findings.warning("worker", format!("{name} is given no jobs: {why}"), mend);
    }
    if let Some(trouble) = &worker.trouble {
        let mend = "look at worker.models, worker.daemon, worker.key and worker.memory on that machine, and at its log";
        return findings.warning("worker", format!("{name}: {trouble}"), mend);
    }
    let message =
        format!("{name}: maskarad {program} on {instruction_set}, with {bases} base(s), {slots} jobs at once");
    if *bases == 0 {
        let mend = "wait until it has loaded them, or start a daemon, which tells what it needs";
        return findings.note("worker", message, mend);
    }
    findings.ok("worker", message);
}

async fn weights(source: &Source, findings: &mut Findings) {
    match source.probe().await {
        Ok(()) => findings.ok("weights", "worker.daemon hands out weights"),
        Err(why) => findings.error(
            "weights",
            why,
            "let worker.daemon be the address of a daemon's http.api_listen as it is reached from here, and worker.key what \
             `maskarad key create` prints there",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn worker(unusable: Option<&str>, trouble: Option<&str>, bases: usize) -> Standing {
        Standing {
            name: "attic".to_owned(),
            program: "0.1.0".to_owned(),
            instruction_set: "avx2".to_owned(),
            unusable: unusable.map(str::to_owned),
            bases,
            slots: 4,
            busy: 0,
            tokens_per_second: 0.0,
            heard_seconds_ago: 1,
            trouble: trouble.map(str::to_owned),
        }
    }

    fn level(workers: &[Standing], side: Side) -> Level {
        let mut findings = Findings::default();
        crew(workers, side, &mut findings);
        findings.told()[0].0
    }

    #[test]
    fn workers_by_what_they_are_good_for() {
        assert_eq!([Side::Daemon, Side::Worker].map(|side| level(&[], side)), [Level::Warning, Level::Note]);
        for (worker, told) in [
            (worker(None, None, 1), Level::Ok),
            (worker(None, None, 0), Level::Note),
            (worker(None, Some("there is no room"), 1), Level::Warning),
            (worker(Some("it is maskarad 9.1"), None, 1), Level::Warning),
        ] {
            assert_eq!(level(&[worker], Side::Daemon), told);
        }
    }
}
