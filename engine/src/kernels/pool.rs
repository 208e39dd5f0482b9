//! The threads that compute. One thread hands out work and takes part in it; the others look for more for a moment
//! after each piece, since the next one mostly follows within microseconds, and then sleep: a pool at rest costs nothing.

use std::any::Any;
use std::cell::UnsafeCell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// How often a thread looks for work before it sleeps: some tens of microseconds.
const LOOKS: usize = 2000;

/// How often the thread that hands out work looks whether the others have finished before it lets them run in its place.
const PATIENCE: usize = 20_000;

/// The state of a piece of work: whether it may be entered, and twice how many are in it.
const OPEN: usize = 1;
const INSIDE: usize = 2;

/// A pool of threads, the one that owns it included.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

type Work = dyn Fn(usize) + Sync;

struct Shared {
    /// The work at hand. Written only while the state is 0.
    work: UnsafeCell<Option<*const Work>>,
    /// Tasks of the work, and the next one that nobody has taken.
    count: AtomicUsize,
    next: AtomicUsize,
    /// [`OPEN`], plus [`INSIDE`] for each thread that has entered.
    state: AtomicUsize,
    /// Counts pieces of work, so that nobody enters one twice.
    epoch: AtomicUsize,
    sleeping: AtomicUsize,
    ended: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    bed: Mutex<()>,
    bell: Condvar,
}

// SAFETY: `work` is written by the owner while nobody is inside, and read by threads that have entered; what it points
// to is `Sync` and outlives their stay, for the owner waits until all have left.
unsafe impl Sync for Shared {}
// SAFETY: as above; nothing in it belongs to one thread.
unsafe impl Send for Shared {}

impl Pool {
    /// A pool in which `threads` compute, the caller being one of them.
    pub(crate) fn start(threads: usize) -> io::Result<Self> {
        let mut pool = Self { shared: Arc::new(Shared::new()), threads: Vec::new() };
        for index in 1..threads.max(1) {
            let shared = Arc::clone(&pool.shared);
            let thread = std::thread::Builder::new().name(format!("engine-{index}"));
            pool.threads.push(thread.spawn(move || shared.serve())?);
        }
        Ok(pool)
    }

    /// A pool of the calling thread alone.
    pub(crate) fn alone() -> Self {
        Self { shared: Arc::new(Shared::new()), threads: Vec::new() }
    }

    /// Threads that compute.
    pub(crate) fn threads(&self) -> usize {
        self.threads.len() + 1
    }

    /// Calls `work` once for each index below `count`, on all threads, and returns when all calls have ended.
    /// Panics if one of them does.
    pub(crate) fn run(&mut self, count: usize, work: impl Fn(usize) + Sync) {
        if self.threads.is_empty() || count < 2 {
            return (0..count).for_each(work);
        }
        let work: &(dyn Fn(usize) + Sync) = &work;
        // SAFETY: only the lifetime changes. `Visit` ends before this function does, whatever happens, and nobody looks
        // at the work after that.
        let work: *const Work = unsafe { std::mem::transmute::<*const (dyn Fn(usize) + Sync), *const Work>(work) };
        let visit = Visit::open(&self.shared, work, count);
        let result = catch_unwind(AssertUnwindSafe(|| self.shared.take_part(work)));
        drop(visit);
        let theirs = self.shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(panic) = result.err().or(theirs) {
            resume_unwind(panic);
        }
    }

    /// Calls `work` with the index and the values of each `length` neighbouring values, on all threads.
    pub(crate) fn chunks<T: Send>(&mut self, values: &mut [T], length: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        let (count, length) = (values.len(), length.max(1));
        let base = Base(values.as_mut_ptr());
        self.run(count.div_ceil(length), |index| {
            let begin = index * length;
            let chunk = length.min(count - begin);
            // SAFETY: `run` calls each index once, and the chunks of different indices don't overlap; all lie within
            // `values`, which is borrowed until `run` returns.
            work(index, unsafe { std::slice::from_raw_parts_mut(base.get().add(begin), chunk) });
        });
    }

    /// Calls `work` with each of the values, on all threads.
    pub(crate) fn for_each<T: Send>(&mut self, values: &mut [T], work: impl Fn(&mut T) + Sync) {
        self.chunks(values, 1, |_, values| values.iter_mut().for_each(&work));
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.shared.wake();
        for thread in self.threads.drain(..) {
            // It has no way to panic outside of work, and that is told where the work is.
            let _ = thread.join();
        }
    }
}

/// Where some values begin.
struct Base<T>(*mut T);

impl<T> Base<T> {
    fn get(&self) -> *mut T {
        self.0
    }
}

// SAFETY: the values behind it may be sent to other threads, each to one at a time, as `Pool::chunks` says.
unsafe impl<T: Send> Sync for Base<T> {}

/// The time in which threads may enter a piece of work.
struct Visit<'a>(&'a Shared);

impl<'a> Visit<'a> {
    fn open(shared: &'a Shared, work: *const Work, count: usize) -> Self {
        // SAFETY: the last visit has ended with the state at 0, so nobody reads this.
        unsafe { *shared.work.get() = Some(work) };
        shared.count.store(count, Ordering::Relaxed);
        shared.next.store(0, Ordering::Relaxed);
        shared.state.store(OPEN, Ordering::Release);
        shared.epoch.fetch_add(1, Ordering::SeqCst);
        if shared.sleeping.load(Ordering::SeqCst) > 0 {
            shared.wake();
        }
        Self(shared)
    }
}

impl Drop for Visit<'_> {
    /// Lets nobody in any more, and waits until those who are inside have left.
    fn drop(&mut self) {
        let mut looks = 0;
        self.0.next.store(usize::MAX / 2, Ordering::Relaxed);
        let mut state = self.0.state.fetch_and(!OPEN, Ordering::AcqRel) & !OPEN;
        while state != 0 {
            looks += 1;
            if looks < PATIENCE {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
            state = self.0.state.load(Ordering::Acquire);
        }
    }
}

impl Shared {
    fn new() -> Self {
        Self {
            work: UnsafeCell::new(None),
            count: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            state: AtomicUsize::new(0),
            epoch: AtomicUsize::new(0),
            sleeping: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
            panic: Mutex::new(None),
            bed: Mutex::new(()),
            bell: Condvar::new(),
        }
    }

    /// What a thread of the pool does all its life.
    fn serve(&self) {
        let mut seen = 0;
        while let Some(epoch) = self.wait(seen) {
            seen = epoch;
            if let Some(work) = self.enter() {
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.take_part(work))) {
                    self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
                }
                self.state.fetch_sub(INSIDE, Ordering::Release);
            }
        }
    }

    /// Waits for work other than that of `seen`; `None` at the end.
    fn wait(&self, seen: usize) -> Option<usize> {
        let news = || {
            let epoch = self.epoch.load(Ordering::SeqCst);
            (epoch != seen).then_some(epoch)
        };
        for _ in 0..LOOKS {
            if let Some(epoch) = news() {
                return Some(epoch);
            }
            std::hint::spin_loop();
        }
        let mut bed = self.bed.lock().unwrap_or_else(PoisonError::into_inner);
        self.sleeping.fetch_add(1, Ordering::SeqCst);
        let epoch = loop {
            if self.ended.load(Ordering::SeqCst) {
                break None;
            }
            if let Some(epoch) = news() {
                break Some(epoch);
            }
            bed = self.bell.wait(bed).unwrap_or_else(PoisonError::into_inner);
        };
        self.sleeping.fetch_sub(1, Ordering::SeqCst);
        epoch
    }

    fn wake(&self) {
        // Whoever is about to sleep holds the lock until it listens.
        drop(self.bed.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_all();
    }

    /// Enters the work at hand, if it is open still.
    fn enter(&self) -> Option<*const Work> {
        let open = |state| (state & OPEN != 0).then_some(state + INSIDE);
        self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, open).ok()?;
        // SAFETY: having entered, this thread keeps the owner from writing.
        unsafe { *self.work.get() }
    }

    /// Takes tasks until there are none.
    fn take_part(&self, work: *const Work) {
        // SAFETY: the owner keeps the work alive until everybody has left, and this thread has entered or is the owner.
        let work = unsafe { &*work };
        let count = self.count.load(Ordering::Relaxed);
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return;
            }
            work(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once() {
        for threads in [1, 2, 4] {
            let mut pool = Pool::start(threads).unwrap();
            for count in (0..200).chain([5000]) {
                let mut values = vec![0usize; count];
                pool.chunks(&mut values, 3, |index, values| {
                    values.iter_mut().enumerate().for_each(|(at, value)| *value += 3 * index + at + 1);
                });
                assert!(values.iter().enumerate().all(|(at, value)| *value == at + 1));
            }
        }
    }

    #[test]
    fn a_panic_reaches_the_owner_and_spoils_nothing() {
        let mut pool = Pool::start(3).unwrap();
        for bad in [0, 17, 99] {
            let result = catch_unwind(AssertUnwindSafe(|| pool.run(100, |index| assert_ne!(index, bad))));
            assert!(result.is_err());
            let done = AtomicUsize::new(0);
            pool.run(100, |_| _ = done.fetch_add(1, Ordering::Relaxed));
            assert_eq!(done.into_inner(), 100);
        }
    }

    #[test]
    fn a_pool_that_slept_works_again() {
        let mut pool = Pool::start(2).unwrap();
        for _ in 0..3 {
            let done = AtomicUsize::new(0);
            pool.run(50, |_| _ = done.fetch_add(1, Ordering::Relaxed));
            assert_eq!(done.into_inner(), 50);
            while pool.shared.sleeping.load(Ordering::SeqCst) == 0 {
                std::thread::yield_now();
            }
        }
    }
}
