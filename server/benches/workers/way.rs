//! The way to a worker and back against the engine in this process. Each computes on the first core; whoever asks, and the
//! broker, may use the other one in either case.

use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::ensure;
use maskarad::generator::{GenerateRequest, Generator, LocalGenerator};
use maskarad::remote::BrokerConfig;

use crate::Extent;
use crate::crew::{Daemon, SLOTS, Worker, checkpoint, crowd, median, reply};

/// First tokens of each side in a round.
const FIRSTS: u64 = 15;

pub(crate) async fn table(broker: &BrokerConfig, extent: Extent) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    checkpoint(folder.path())?;
    let daemon = Daemon::start(broker, folder.path())?;
    hold_engine_to_first_core()?;
    let here: Arc<dyn Generator> = Arc::new(LocalGenerator::new(daemon.engine.clone()));
    let there: Arc<dyn Generator> = Arc::<maskarad::generator::Choice>::clone(&daemon.there);
    let _worker = Worker::start(broker, folder.path(), 0)?;
    daemon.until_crew(1).await?;
    let (mut rates, mut firsts) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    let (mut ratios, mut later) = (Vec::new(), Vec::new());
    for round in 0..extent.rounds {
        // Who begins changes.
        for side in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
            let generator = [&here, &there][side];
            let mut waits = Vec::new();
            for seed in 0..FIRSTS {
                let request = GenerateRequest { progress: true, ..daemon.request(seed) };
                waits.push(reply(&**generator, request).await?.as_secs_f64() * 1e3);
            }
            firsts[side].push(median(waits));
            rates[side].push(crowd(generator, &daemon, SLOTS, extent.seconds).await?);
        }
        ratios.push(rates[1][round] / rates[0][round]);
        later.push(firsts[1][round] - firsts[0][round]);
    }
    daemon.ensure_all_elsewhere()?;
    let ([here, there], [first_here, first_there]) = (rates.map(median), firsts.map(median));
    Ok(format!(
        "{SLOTS} people ask for one reply after the other; the first token's wait is that of a single one.\n\n\
         | | here | on a worker | difference |\n|---|---:|---:|---:|\n\
         | replies/s | {here:.2} | {there:.2} | {:+.1} % |\n\
         | first token, ms | {first_here:.1} | {first_there:.1} | {:+.1} |",
        (median(ratios) - 1.0) * 100.0,
        median(later)
    ))
}

/// Lets the threads that compute in this process run on the first core alone.
fn hold_engine_to_first_core() -> anyhow::Result<()> {
    let mut held = 0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let thread = thread?;
        let name = std::fs::read_to_string(thread.path().join("comm"))?;
        if name.trim().starts_with("engine") {
            let number = thread.file_name();
            let done = Command::new("taskset").args(["-cp", "0"]).arg(&number).stdout(Stdio::null()).status()?;
            ensure!(done.success(), "taskset refused");
            held += 1;
        }
    }
    ensure!(held > 0, "no thread of the engine was found");
    Ok(())
}
