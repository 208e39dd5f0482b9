//! The loop that router, queue and delivery share: find work in the store, do it in parallel, one piece per key at a time.
//!
//! The store is the queue; nothing waits in memory. A bell only says that looking again is worth while.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::clock::Dice;
use crate::store;

/// How long the pump trusts that no bell means no work.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// The longest pause between two questions for work that come one after the other.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);
/// How long a key rests whose work died.
const AFTER_A_DEATH: Duration = Duration::from_secs(1);

/// How long a key is left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rest(pub Duration);

impl Rest {
    /// Not at all.
    pub const NONE: Self = Self(Duration::ZERO);
}

/// A kind of work.
#[async_trait]
pub trait Work: Send + Sync + 'static {
    /// What may have one piece of work under way at a time.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;
    /// One piece of work.
    type Item: Send + 'static;

    /// For the log.
    const NAME: &'static str;

    /// Work whose key isn't busy, most urgent first, at most `room` pieces, one for each key.
    ///
    /// # Errors
    /// As the store says; the pump then waits and asks again.
    async fn find(&self, busy: &[Self::Key], room: usize) -> store::Result<Vec<(Self::Key, Self::Item)>>;

    /// Does one piece, and says how long its key must rest before the next. What fails for now is left in the store, to be
    /// found again. Rest is taken here and not within the work, for a key that rests takes no room.
    async fn work(&self, item: Self::Item) -> Rest;
}

/// Runs work until the daemon stops, then lets what is under way finish.
pub struct Pump<W: Work> {
    work: Arc<W>,
    at_once: usize,
    tasks: JoinSet<Rest>,
    keys: HashMap<Id, W::Key>,
    resting: HashMap<W::Key, Instant>,
}

impl<W: Work> Pump<W> {
    /// A pump that does at most `at_once` pieces in parallel.
    pub fn new(work: W, at_once: usize) -> Self {
        Self { work: Arc::new(work), at_once, tasks: JoinSet::new(), keys: HashMap::new(), resting: HashMap::new() }
    }

    /// Runs until `stopping`, looking for work when the bell rings, when a piece is done or a rest is over, and every few
    /// seconds.
    pub async fn run(&mut self, bell: &Notify, dice: &Dice, stopping: &CancellationToken) {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        while !stopping.is_cancelled() {
            let asked = Instant::now();
            let started = tokio::select! {
                started = self.start_more() => started,
                () = stopping.cancelled() => break,
            };
            let answered = Instant::now();
            let wait = match started {
                Ok(()) => {
                    backoff.reset();
                    self.until_a_rest_ends().min(LOOK_AGAIN)
                }
                Err(error) => {
                    let wait = backoff.next(dice);
                    tracing::warn!(work = W::NAME, %error, ?wait, "no work can be read; asking again");
                    wait
                }
            };
            tokio::select! {
                () = bell.notified(), if backoff.failures() == 0 => {}
                () = self.one_done(), if backoff.failures() == 0 => {}
                () = tokio::time::sleep(wait) => {}
                () = stopping.cancelled() => {}
            }
            self.pause(answered + (answered - asked).min(LONGEST_PAUSE)).await;
        }
        self.drain().await;
    }

    /// After [`Pump::run`]: looks once more, for what came up on the way to the end.
    pub async fn finish(&mut self) {
        if let Err(error) = self.start_more().await {
            tracing::warn!(work = W::NAME, %error, "the last work can't be read; the next start takes it up");
        }
        self.drain().await;
    }

    /// Asking takes the database's time, the more the more waits; as much is left to what was found. Meanwhile pieces get done,
    /// so that the next question is for several.
    async fn pause(&mut self, until: Instant) {
        while Instant::now() < until {
            tokio::select! {
                () = self.one_done() => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    async fn drain(&mut self) {
        while !self.tasks.is_empty() {
            self.one_done().await;
        }
    }

    async fn start_more(&mut self) -> store::Result<()> {
        let room = self.at_once.saturating_sub(self.keys.len());
        if room == 0 {
            return Ok(());
        }
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        let busy: Vec<W::Key> = self.keys.values().chain(self.resting.keys()).cloned().collect();
        for (key, item) in self.work.find(&busy, room).await? {
            let work = Arc::clone(&self.work);
            let task = self.tasks.spawn(async move { work.work(item).await });
            self.keys.insert(task.id(), key);
        }
        Ok(())
    }

    fn until_a_rest_ends(&self) -> Duration {
        let now = Instant::now();
        self.resting.values().map(|until| *until - now).min().unwrap_or(Duration::MAX)
    }

    /// Waits for one piece; for ever when there is none.
    async fn one_done(&mut self) {
        let (id, rest) = match self.tasks.join_next_with_id().await {
            None => return std::future::pending().await,
            Some(Ok(done)) => done,
            Some(Err(error)) => {
                tracing::error!(work = W::NAME, %error, "a piece of work died");
                (error.id(), Rest(AFTER_A_DEATH))
            }
        };
        let key = self.keys.remove(&id);
        if let Some(key) = key.filter(|_| rest != Rest::NONE) {
            self.resting.insert(key, Instant::now() + rest.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Each key has a list of items; the third item of key 1 panics.
    struct Lists {
        lists: Mutex<HashMap<u8, Vec<u8>>>,
        under_way: [AtomicUsize; 4],
        done: Mutex<Vec<(u8, u8)>>,
    }

    #[async_trait]
    impl Work for Lists {
        type Key = u8;
        type Item = (u8, u8);
        const NAME: &'static str = "lists";

        async fn find(&self, busy: &[u8], room: usize) -> store::Result<Vec<(u8, (u8, u8))>> {
            let mut lists = self.lists.lock().unwrap();
            let free = lists.iter_mut().filter(|(key, list)| !busy.contains(key) && !list.is_empty());
            Ok(free.take(room).map(|(key, list)| (*key, (*key, list.remove(0)))).collect())
        }

        async fn work(&self, (key, item): (u8, u8)) -> Rest {
            let others = self.under_way[usize::from(key)].fetch_add(1, Ordering::SeqCst);
            assert_eq!(others, 0, "two pieces of one key at once");
            tokio::time::sleep(Duration::from_millis(2)).await;
            self.under_way[usize::from(key)].fetch_sub(1, Ordering::SeqCst);
            assert!((key, item) != (1, 2), "a piece that dies");
            self.done.lock().unwrap().push((key, item));
            Rest::NONE
        }
    }

    #[tokio::test]
    async fn one_piece_per_key_at_a_time_and_a_death_stops_nobody() {
        let lists = (0..4).map(|key| (key, (0..10).collect())).collect();
        let work = Lists { lists: Mutex::new(lists), under_way: Default::default(), done: Mutex::default() };
        let mut pump = Pump::new(work, 3);
        let work = Arc::clone(&pump.work);
        let stopping = CancellationToken::new();
        let (bell, dice) = (Notify::new(), Dice::seeded(0));
        let stop = stopping.clone();
        tokio::join!(pump.run(&bell, &dice, &stopping), async {
            while work.done.lock().unwrap().len() < 39 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stop.cancel();
        });
        for key in 0..4 {
            let order: Vec<u8> =
                work.done.lock().unwrap().iter().filter(|done| done.0 == key).map(|done| done.1).collect();
            assert!(order.is_sorted() && order.len() == if key == 1 { 9 } else { 10 }, "key {key}: {order:?}");
        }
    }

    const TIRED: Duration = Duration::from_millis(100);

    /// Each key has work for ever, and rests after each piece.
    struct Tired(Mutex<Vec<(u8, Instant)>>);

    #[async_trait]
    impl Work for Tired {
        type Key = u8;
        type Item = u8;
        const NAME: &'static str = "tired";

        async fn find(&self, busy: &[u8], room: usize) -> store::Result<Vec<(u8, u8)>> {
            Ok((0..3).filter(|key| !busy.contains(key)).take(room).map(|key| (key, key)).collect())
        }

        async fn work(&self, key: u8) -> Rest {
            self.0.lock().unwrap().push((key, Instant::now()));
            Rest(TIRED)
        }
    }

    #[tokio::test]
    async fn who_rests_takes_no_room_and_comes_back_in_time() {
        let mut pump = Pump::new(Tired(Mutex::default()), 1);
        let work = Arc::clone(&pump.work);
        let stopping = CancellationToken::new();
        let (bell, dice) = (Notify::new(), Dice::seeded(0));
        tokio::join!(pump.run(&bell, &dice, &stopping), async {
            while work.0.lock().unwrap().len() < 6 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stopping.cancel();
        });
        let done = work.0.lock().unwrap();
        for key in 0..3 {
            let times: Vec<_> = done.iter().filter(|piece| piece.0 == key).map(|piece| piece.1).collect();
            assert!(times.len() == 2 && times[1] - times[0] >= TIRED, "key {key}: {times:?}");
        }
        let first: Vec<u8> = done[..3].iter().map(|piece| piece.0).collect();
        assert_eq!(first, [0, 1, 2], "nobody waited for somebody else's rest");
    }
}
