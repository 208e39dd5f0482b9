//! Two workers against one: one keeps its core, the other comes and goes.

use std::sync::Arc;

use maskarad::generator::Generator;
use maskarad::remote::BrokerConfig;

use crate::Extent;
use crate::crew::{Daemon, SLOTS, Worker, checkpoint, crowd, median};

/// People who always want a reply: enough for two workers and more.
const PEOPLE: usize = 4 * SLOTS;

pub(crate) async fn table(broker: &BrokerConfig, extent: Extent) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    checkpoint(folder.path())?;
    let daemon = Daemon::start(broker, folder.path())?;
    let there: Arc<dyn Generator> = Arc::<maskarad::generator::Choice>::clone(&daemon.there);
    let _first = Worker::start(broker, folder.path(), 0)?;
    daemon.until_crew(1).await?;
    let (mut one, mut two, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..extent.rounds {
        one.push(crowd(&there, &daemon, PEOPLE, extent.seconds).await?);
        let second = Worker::start(broker, folder.path(), 1)?;
        daemon.until_crew(2).await?;
        two.push(crowd(&there, &daemon, PEOPLE, extent.seconds).await?);
        drop(second);
        daemon.until_crew(1).await?;
        ratios.push(two[two.len() - 1] / one[one.len() - 1]);
    }
    daemon.ensure_all_elsewhere()?;
    Ok(format!(
        "{PEOPLE} people, {SLOTS} replies at once on a worker.\n\n\
         | one worker, replies/s | two workers, replies/s | two / one |\n|---:|---:|---:|\n| {:.2} | {:.2} | {:.2} |",
        median(one),
        median(two),
        median(ratios)
    ))
}
