//! Runs a target without libFuzzer: its seeds, then changed ones, each within a time limit.
//!
//! The input under way always lies in a file, so that one that ends the process (a stack or the memory used up) is known.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::mutate::mutated;
use crate::seeds;
use crate::targets::Target;

/// How long one input may take. In a debug build on a busy machine it takes a few hundredths of that.
pub const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Runs the target's seeds and so many changed ones; returns how many inputs that were.
///
/// # Errors
/// Files that can't be read or written. A broken promise panics.
pub fn run(target: Target, cases: usize, seed: u64) -> anyhow::Result<usize> {
    let seeds = seeds::of(target)?;
    let watch = Watch::start(target)?;
    let real = seeds::shared(target)?;
    for input in seeds.iter().chain(&real) {
        watch.tries(target, input)?;
    }
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..cases {
        watch.tries(target, &mutated(&mut random, &seeds, target.words))?;
    }
    let _ = std::fs::remove_file(&watch.file);
    Ok(seeds.len() + real.len() + cases)
}

/// Runs the target on this file.
///
/// # Errors
/// A file that can't be read. A broken promise panics.
pub fn replay(target: Target, file: &Path) -> anyhow::Result<()> {
    let input = std::fs::read(file).with_context(|| format!("{} can't be read", file.display()))?;
    let watch = Watch::start(target)?;
    watch.tries(target, &input)?;
    let _ = std::fs::remove_file(&watch.file);
    Ok(())
}

/// Milliseconds since the start at which the input under way began, plus one; 0 between two inputs.
static BEGUN: AtomicU64 = AtomicU64::new(0);

struct Watch {
    started: Instant,
    file: PathBuf,
}

impl Watch {
    fn start(target: Target) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join("maskarad-fuzz");
        std::fs::create_dir_all(&folder)?;
        let file = folder.join(format!("{}-{}", target.name, std::process::id()));
        let (started, named) = (Instant::now(), file.display().to_string());
        std::thread::Builder::new().name("watch".to_owned()).spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(200));
                let begun = BEGUN.load(Ordering::Relaxed);
                let now = started.elapsed().as_millis() as u64;
                if begun != 0 && now.saturating_sub(begun) > TIME_LIMIT.as_millis() as u64 {
                    let _ = writeln!(std::io::stderr(), "an input takes more than {TIME_LIMIT:?}: {named}");
                    std::process::abort();
                }
            }
        })?;
        Ok(Self { started, file })
    }

    fn tries(&self, target: Target, input: &[u8]) -> anyhow::Result<()> {
        std::fs::write(&self.file, input)?;
        BEGUN.store(self.started.elapsed().as_millis() as u64 + 1, Ordering::Relaxed);
        if let Err(panic) = std::panic::catch_unwind(|| (target.run)(input)) {
            let _ = writeln!(std::io::stderr(), "this input breaks a promise: {}", self.file.display());
            std::panic::resume_unwind(panic);
        }
        BEGUN.store(0, Ordering::Relaxed);
        Ok(())
    }
}
