//! Messages a second through PostgreSQL, by the calls that daemons make, each with as many connections as it has.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use maskarad::store::{self, Location, Store};

use super::cluster::Cluster;
use super::cpu::Watch;
use super::talk::{self, Talk};

const HEAD: &str = "\
| a message that is | daemons | chats at once | messages/s | commits a message | statements a message | syncs a message | \
cores: PostgreSQL | daemons' calls | others | messages |\n\
|---|---|---|---|---|---|---|---|---|---|---|\n";

/// What becomes of the messages.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// They are stored, routed and remembered.
    Overheard,
    /// They are answered, too.
    Answered,
}

/// Daemons, and chats of each.
const CROWDS: [(i64, i64); 3] = [(1, 1), (1, 64), (4, 64)];

/// A table of what was found.
pub(super) async fn table(span: Duration) -> anyhow::Result<String> {
    let mut table = HEAD.to_owned();
    for kind in [Kind::Overheard, Kind::Answered] {
        for crowd in CROWDS {
            table.push_str(&row(kind, crowd, span).await?);
        }
    }
    Ok(table)
}

/// One row, on a database that nobody has used yet.
async fn row(kind: Kind, (daemons, chats): (i64, i64), span: Duration) -> anyhow::Result<String> {
    let cluster = Cluster::start().await?;
    let location = Location::Postgres(Box::new(cluster.options()?));
    let (mut stores, mut talks) = (Vec::new(), Vec::new());
    for daemon in 1..=daemons {
        let store: Arc<dyn Store> = store::open(&location).await?;
        let lease = talk::lease(&*store, daemon).await?;
        talks.extend((1..=chats).map(|chat| Talk::new(Arc::clone(&store), lease.clone(), daemon, chat)));
        stores.push(store);
    }
    let before = cluster.counted().await?;
    let watch = Watch::begin(cluster.folder())?;
    let (messages, took) = converse(kind, talks, span).await?;
    let [server, own, others] = watch.end()?.map(|share| 100.0 * share);
    join_all(stores.iter().map(|store| store.close())).await;
    let after = cluster.counted().await?;
    let each = |before: f64, after: f64| (after - before) / messages;
    let commits = each(before.commits, after.commits);
    let statements = each(before.statements, after.statements);
    let syncs = each(before.syncs, after.syncs);
    let name = format!("{kind:?}").to_lowercase();
    let (rate, at_once) = (messages / took, daemons * chats);
    Ok(format!(
        "| {name} | {daemons} | {at_once} | {rate:.0} | {commits:.1} | {statements:.1} | {syncs:.2} | {server:.0} % | {own:.0} % | \
         {others:.0} % | {messages:.0} |\n"
    ))
}

/// Lets all of them talk for so long; returns how many messages there were, and in how many seconds.
async fn converse(kind: Kind, talks: Vec<Talk>, span: Duration) -> anyhow::Result<(f64, f64)> {
    let begun = Instant::now();
    let people = talks.into_iter().map(|mut talk| {
        tokio::spawn(async move {
            let mut messages = 0;
            while begun.elapsed() < span {
                match kind {
                    Kind::Overheard => talk.overhear().await?,
                    Kind::Answered => talk.converse().await?,
                }
                messages += 1;
            }
            anyhow::Ok(messages)
        })
    });
    let mut messages = 0;
    for person in join_all(people).await {
        messages += person??;
    }
    Ok((f64::from(messages), begun.elapsed().as_secs_f64()))
}
