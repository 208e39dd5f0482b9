//! Messages a second through PostgreSQL, by the calls that the daemon makes, with as many connections as it has.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use maskarad::chat::TransportKind;
use maskarad::store::{self, Lease, Location, Store};
use time::OffsetDateTime;

use super::cluster::Cluster;
use super::cpu::Watch;
use super::talk::Talk;

const HEAD: &str = "\
| a message that is | chats at once | messages/s | commits a message | statements a message | syncs a message | \
cores: PostgreSQL | daemon's calls | others | messages |\n\
|---|---|---|---|---|---|---|---|---|---|\n";

/// What becomes of the messages.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// They are stored, routed and remembered.
    Overheard,
    /// They are answered, too.
    Answered,
}

/// A table of what was found.
pub(super) async fn table(span: Duration) -> anyhow::Result<String> {
    let mut table = HEAD.to_owned();
    for (kind, chats) in [(Kind::Overheard, 1), (Kind::Overheard, 64), (Kind::Answered, 1), (Kind::Answered, 64)] {
        table.push_str(&row(kind, chats, span).await?);
    }
    Ok(table)
}

/// One row, on a database that nobody has used yet.
async fn row(kind: Kind, chats: i64, span: Duration) -> anyhow::Result<String> {
    let cluster = Cluster::start().await?;
    let store = store::open(&Location::Postgres(Box::new(cluster.options()?))).await?;
    let taken =
        store.take(&Talk::persona()?, TransportKind::Telegram, "a benchmark", OffsetDateTime::now_utc()).await?;
    let lease = taken.map(|taken| taken.lease).ok_or_else(|| anyhow::anyhow!("nobody else serves the persona"))?;
    let before = cluster.counted().await?;
    let watch = Watch::begin(cluster.folder())?;
    let (messages, took) = talk(kind, &store, &lease, chats, span).await?;
    let [server, own, others] = watch.end()?.map(|share| 100.0 * share);
    store.close().await;
    let after = cluster.counted().await?;
    let each = |before: f64, after: f64| (after - before) / messages;
    let commits = each(before.commits, after.commits);
    let statements = each(before.statements, after.statements);
    let syncs = each(before.syncs, after.syncs);
    let name = format!("{kind:?}").to_lowercase();
    let rate = messages / took;
    Ok(format!(
        "| {name} | {chats} | {rate:.0} | {commits:.1} | {statements:.1} | {syncs:.2} | {server:.0} % | {own:.0} % | {others:.0} % | \
         {messages:.0} |\n"
    ))
}

/// Lets so many chats talk; returns how many messages there were, and in how many seconds.
async fn talk(
    kind: Kind,
    store: &Arc<dyn Store>,
    lease: &Lease,
    chats: i64,
    span: Duration,
) -> anyhow::Result<(f64, f64)> {
    let begun = Instant::now();
    let people = (1..=chats).map(|chat| {
        let mut talk = Talk::new(Arc::clone(store), lease.clone(), chat);
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
