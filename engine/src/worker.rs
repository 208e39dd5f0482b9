//! The engine's thread: channels on one side, [`Scheduler::step`] on the other. Alone in knowing threads, channels and
//! the clock; knows nothing of tensors.

mod clock;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;

use self::clock::Stopwatch;
use crate::error::EngineError;
use crate::generation::Event;
use crate::model::Compute;
use crate::observer::{Observer, Step};
use crate::scheduler::{Limits, Report, Reports, Scheduler, SequenceId};
use crate::sequence::Sequence;

/// How long the thread sleeps at most where there is nothing to do: whoever watches it wants to see it turn.
const IDLE_TURN: Duration = Duration::from_secs(1);

/// A sequence to run and where its events go.
pub(crate) struct Job {
    pub(crate) sequence: Sequence,
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) cancelled: Cancelled,
}

/// A flag that a caller raises and the worker looks at before each step.
#[derive(Clone, Default)]
pub(crate) struct Cancelled(Arc<AtomicBool>);

impl Cancelled {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The handle of the engine's thread.
pub(crate) struct Worker {
    jobs: Mutex<Option<SyncSender<Job>>>,
    waiting: Waiting,
    stopped: Arc<AtomicBool>,
    turns: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Worker {
    pub(crate) fn start(
        limits: Limits,
        compute: Compute,
        max_waiting: usize,
        observer: Option<Box<dyn Observer>>,
    ) -> Result<Self, EngineError> {
        let (sender, jobs) = sync_channel(max_waiting.max(1));
        let waiting = Waiting { count: Arc::default(), limit: max_waiting.max(1) };
        let (stopped, turns) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let mut state = Loop {
            scheduler: Scheduler::new(limits),
            compute,
            jobs,
            running: HashMap::new(),
            waiting: waiting.clone(),
            stopped: stopped.clone(),
            turns: turns.clone(),
            observer,
            next_id: 0,
        };
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || state.run())
            .map_err(|error| EngineError::Start(error.to_string()))?;
        Ok(Self { jobs: Mutex::new(Some(sender)), waiting, stopped, turns, thread: Mutex::new(Some(thread)) })
    }

    /// Queues a job, or refuses it at once.
    pub(crate) fn submit(&self, job: Job) -> Result<(), EngineError> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = jobs.as_ref() else {
            return Err(EngineError::Stopped);
        };
        self.waiting.enter()?;
        // The channel holds as many as may wait, so it is full only if the thread is gone.
        sender.try_send(job).map_err(|_| {
            self.waiting.leave();
            EngineError::Stopped
        })
    }

    pub(crate) fn is_running(&self) -> bool {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// How often the thread has looked for work, which it does at least once a second.
    pub(crate) fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the engine's thread had panicked");
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Counts the requests that are not admitted yet, on both sides of the channel.
#[derive(Clone)]
struct Waiting {
    count: Arc<AtomicUsize>,
    limit: usize,
}

impl Waiting {
    fn enter(&self) -> Result<(), EngineError> {
        let below_limit = |count| (count < self.limit).then_some(count + 1);
        match self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, below_limit) {
            Ok(_) => Ok(()),
            Err(waiting) => Err(EngineError::Busy { waiting }),
        }
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn leave(&self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the thread owns.
struct Loop {
    scheduler: Scheduler,
    compute: Compute,
    jobs: Receiver<Job>,
    running: HashMap<SequenceId, Running>,
    waiting: Waiting,
    stopped: Arc<AtomicBool>,
    turns: Arc<AtomicU64>,
    observer: Option<Box<dyn Observer>>,
    next_id: u64,
}

/// The caller's side of a sequence.
struct Running {
    events: mpsc::Sender<Event>,
    cancelled: Cancelled,
    stopwatch: Stopwatch,
}

impl Loop {
    fn run(&mut self) {
        while self.take_jobs() {
            self.cancel();
            let admitted = self.scheduler.admit();
            self.report(admitted);
            let batch = self.scheduler.running();
            let reports = self.scheduler.step(&mut self.compute);
            self.report(reports);
            self.observe(batch);
        }
        for (_, running) in self.running.drain() {
            // The reader may be gone, which is as good.
            let _ = running.events.try_send(Event::Failed(EngineError::Stopped));
        }
    }

    fn observe(&mut self, batch: usize) {
        if let Some(observer) = &mut self.observer {
            observer.stepped(&Step {
                batch,
                running: self.scheduler.running(),
                waiting: self.waiting.count(),
                kv_bytes: self.scheduler.kv_bytes(),
            });
        }
    }

    /// Takes what is there, or waits for a job where there is nothing else to do. `false` at the end.
    fn take_jobs(&mut self) -> bool {
        self.turns.fetch_add(1, Ordering::Relaxed);
        if self.stopped.load(Ordering::Relaxed) {
            return false;
        }
        if self.scheduler.is_idle() {
            match self.jobs.recv_timeout(IDLE_TURN) {
                Ok(job) => self.accept(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        while let Ok(job) = self.jobs.try_recv() {
            self.accept(job);
        }
        !self.stopped.load(Ordering::Relaxed)
    }

    fn accept(&mut self, job: Job) {
        let id = SequenceId(self.next_id);
        self.next_id += 1;
        let stopwatch = Stopwatch::start();
        self.running.insert(id, Running { events: job.events, cancelled: job.cancelled, stopwatch });
        self.scheduler.submit(id, job.sequence);
    }

    fn cancel(&mut self) {
        let gone = |running: &Running| running.cancelled.is_set() || running.events.is_closed();
        let ids: Vec<_> = self.running.iter().filter(|(_, running)| gone(running)).map(|(id, _)| *id).collect();
        for id in ids {
            let reports = self.scheduler.cancel(id);
            self.report(reports);
        }
    }

    fn report(&mut self, reports: Reports) {
        for (id, report) in reports {
            self.report_one(id, report);
        }
    }

    fn report_one(&mut self, id: SequenceId, report: Report) {
        let Some(running) = self.running.get_mut(&id) else {
            return;
        };
        let event = match report {
            Report::Admitted => {
                self.waiting.leave();
                running.stopwatch.admitted();
                return;
            }
            Report::Event(event) => event,
        };
        let event = running.stopwatch.stamp(event);
        let is_last = !matches!(event, Event::Token { .. });
        // A reader that is gone is noticed before the next step.
        let _ = running.events.try_send(event);
        if is_last {
            if !running.stopwatch.was_admitted() {
                self.waiting.leave();
            }
            self.running.remove(&id);
        }
    }
}
