//! Replies are made elsewhere, and everything there dies: workers, the broker, a worker's network. The daemon lives all the
//! while, so that nothing excuses an answer that is lost or comes twice.

mod tally;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::tally::Tally;
use crate::cast::Part;
use crate::ground::Ground;
use crate::network::Network;
use crate::report::Report;
use crate::stage::Stage;
use crate::support::broker::Broker;
use crate::worker::Post;

/// How long a target is waited for: a worker that has lost its broker takes up to fifteen seconds to look for it again.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long the broker may take to come up.
const COMING_UP: Duration = Duration::from_secs(120);
/// More messages than this on their way, and people wait.
const CROWDED: i64 = 60;
/// Replies that take a moment: what is so wild seldom comes to its end.
const RAMBLING: &str = "max_new_tokens: 40, temperature: 3.0";
/// Logs that are kept before they are searched.
const LOGS: usize = 20;
/// The workers' names; the last one works on a machine of its own, where that can be had.
const NAMES: [&str; 3] = ["ada", "ben", "cid"];

/// How much is to happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// How often a worker is killed that has jobs under way.
    pub(crate) kills: usize,
    /// How often the broker is killed.
    pub(crate) outages: usize,
    /// For how long a worker is cut off.
    pub(crate) cut: Duration,
    /// For how long at most they are left alone after a kill.
    pub(crate) lull: Duration,
    /// Which part of all replies must have been made by them. While the broker is away, it is none.
    pub(crate) least: f64,
}

/// An act under way.
struct Storm {
    stage: Stage,
    broker: Arc<Broker>,
    network: Option<Network>,
    tally: Tally,
}

/// Plays the act; `None` where there is no RabbitMQ to be had.
pub(crate) async fn play(ground: Ground, network: Option<Network>, seed: u64, extent: Extent) -> Option<Report> {
    let broker = Broker::own_at(&network.as_ref().map_or("127.0.0.1".to_owned(), Network::address))?;
    let title = format!("workers on {}, seed {seed}, {extent:?}", ground.kind().name());
    println!("{title}…");
    let mut stage = Stage::new(ground, seed).await;
    stage.cast.write_manifests(&stage.personas(), &Part::generation("int8", RAMBLING));
    stage.crew.broker = Some(broker.url().to_owned());
    tally::listen(&mut stage.logs);
    stage.open().await;
    for name in NAMES {
        let namespace = network.as_ref().map(|network| network.namespace.clone()).filter(|_| name == NAMES[2]);
        stage.hire(Post { name, namespace });
    }
    let mut storm = Storm { stage, broker: Arc::new(broker), network, tally: Tally::default() };
    while storm.tally.struck() < extent.kills && storm.tally.kills.len() < extent.kills * 3 / 2 {
        storm.next(extent).await;
        storm.stage.read_logs(LOGS);
    }
    let mut report = storm.stage.finish(&title, 0).await;
    storm.tally.report(&storm.stage, extent, &mut report);
    Some(report)
}

impl Storm {
    /// Whatever is due.
    async fn next(&mut self, extent: Extent) {
        let struck = self.tally.struck();
        if self.tally.outages.len() < extent.outages * (struck + 1) / extent.kills {
            self.outage().await;
        } else if let Some(network) = self.network.take_if(|_| self.tally.cut.is_none() && struck >= extent.kills / 2) {
            self.cut(&network, extent).await;
            self.network = Some(network);
        } else {
            self.strike(|_| true).await;
            let lull = self.stage.dice.up_to(extent.lull);
            bustle(&mut self.stage, lull, |_| false).await;
        }
    }

    /// Kills a worker amid its work, and hires another after a while.
    async fn strike(&mut self, whom: impl Fn(&Post) -> bool) {
        let stage = &mut self.stage;
        let workers = stage.crew.workers.iter().enumerate();
        let candidates: Vec<usize> =
            workers.filter(|(_, worker)| whom(&worker.post)).map(|(number, _)| number).collect();
        let number = *stage.dice.pick(&candidates);
        bustle(stage, PATIENCE, |stage| stage.crew.workers[number].under_way() > 0).await;
        if stage.dice.chance(0.5) {
            let moment = stage.dice.up_to(Duration::from_millis(15));
            tokio::time::sleep(moment).await;
        }
        let (post, under_way) = stage.kill_worker(number);
        self.tally.kills.push(under_way);
        let vacancy = stage.dice.up_to(Duration::from_secs(2));
        bustle(stage, vacancy, |_| false).await;
        stage.hire(post);
    }

    /// Kills the broker amid the workers' work, and brings it up again on what it had.
    async fn outage(&mut self) {
        bustle(&mut self.stage, PATIENCE, |stage| under_way(stage) > 0).await;
        let (found, began) = (under_way(&mut self.stage), Instant::now());
        self.befall_broker(Broker::kill).await;
        let absence = self.stage.dice.up_to(Duration::from_secs(3));
        bustle(&mut self.stage, absence, |_| false).await;
        self.befall_broker(Broker::start).await;
        self.tally.outages.push((found, began.elapsed()));
    }

    /// Has something done to the broker, while people go on.
    async fn befall_broker(&mut self, action: fn(&Broker)) {
        let broker = Arc::clone(&self.broker);
        let acting = tokio::task::spawn_blocking(move || action(&broker));
        bustle(&mut self.stage, COMING_UP, |_| acting.is_finished()).await;
        acting.await.unwrap();
    }

    /// Cuts off the worker that has a machine of its own, while others go on and some of them die; then it must come back.
    async fn cut(&mut self, network: &Network, extent: Extent) {
        let far = |post: &Post| post.namespace.is_some();
        let at_work = |stage: &mut Stage| {
            let worker =
                stage.crew.workers.iter_mut().find(|worker| far(&worker.post)).expect("its post is never vacant");
            worker.under_way()
        };
        bustle(&mut self.stage, PATIENCE, |stage| at_work(stage) > 0).await;
        network.cut();
        let (found, end) = (at_work(&mut self.stage), Instant::now() + extent.cut);
        for _ in 0..extent.kills / 5 {
            self.strike(|post| !far(post)).await;
        }
        bustle(&mut self.stage, end.saturating_duration_since(Instant::now()), |_| false).await;
        // By now it knows, and its jobs are somebody else's.
        let left = at_work(&mut self.stage);
        network.mend();
        let came_back = bustle(&mut self.stage, PATIENCE, |stage| at_work(stage) > 0).await;
        self.tally.cut = Some(tally::Cut { found, left, came_back });
    }
}

/// Jobs that all workers together have under way.
fn under_way(stage: &mut Stage) -> usize {
    stage.crew.workers.iter_mut().map(|worker| worker.under_way()).sum()
}

/// Lets people write until something holds, for so long at most; whether it does.
async fn bustle(stage: &mut Stage, patience: Duration, mut holds: impl FnMut(&mut Stage) -> bool) -> bool {
    let deadline = Instant::now() + patience;
    while !holds(stage) {
        if Instant::now() > deadline {
            return false;
        }
        if stage.breathe(CROWDED, Duration::ZERO).await {
            let count = 1 + stage.dice.below(3);
            stage.write(count);
        }
        let pause = stage.dice.up_to(Duration::from_millis(20));
        tokio::time::sleep(pause).await;
    }
    true
}
