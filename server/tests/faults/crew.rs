//! The workers of a stage: who is hired, killed and sent home.

use std::collections::BTreeMap;

use url::Url;

use crate::stage::Stage;
use crate::worker::{Left, Post, Worker};

/// All workers of an act.
#[derive(Default)]
pub(crate) struct Crew {
    /// Where they and the daemon meet; nobody makes replies elsewhere where there is none.
    pub(crate) broker: Option<String>,
    /// Who works at the moment.
    pub(crate) workers: Vec<Worker>,
    /// Jobs that were ended on each post.
    pub(crate) made: BTreeMap<&'static str, usize>,
}

impl Crew {
    /// What must not be found anywhere: the broker's user and password as its address has them.
    pub(crate) fn password(&self) -> Option<String> {
        let url = Url::parse(self.broker.as_deref()?).unwrap();
        Some(format!("{}:{}@", url.username(), url.password().unwrap_or_default()))
    }
}

impl Stage {
    /// Somebody begins to work on a post.
    pub(crate) fn hire(&mut self, post: Post) {
        let log = self.logs.next();
        let broker = self.crew.broker.as_deref().expect("workers need a broker");
        let worker = Worker::start(post, self.folder(), broker, log);
        self.crew.workers.push(worker);
    }

    /// `kill -9` for the worker of this number, and how many jobs it had under way. Its post is vacant.
    pub(crate) fn kill_worker(&mut self, number: usize) -> (Post, usize) {
        let left = self.crew.workers.remove(number).kill();
        (left.post.clone(), self.bury(left))
    }

    /// SIGTERM to all of them; they must end well.
    pub(super) async fn stop_workers(&mut self) {
        for worker in std::mem::take(&mut self.crew.workers) {
            let (status, left) = worker.stop().await;
            assert!(status.success(), "worker {} ended with {status}", left.post.name);
            self.bury(left);
        }
    }

    fn bury(&mut self, left: Left) -> usize {
        *self.crew.made.entry(left.post.name).or_default() += left.made;
        self.logs.finished(left.log);
        left.under_way
    }
}
