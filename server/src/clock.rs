//! Time and chance as parameters, so that tests decide both.

use std::sync::Mutex;

use rand::rngs::{OsRng, StdRng};
use rand::{Rng, SeedableRng, TryRngCore};
use time::OffsetDateTime;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now, in UTC.
    fn now(&self) -> OffsetDateTime;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// Bytes that nobody can foretell, for secrets.
///
/// # Errors
/// Where the system has none.
pub fn secret_bytes<const LENGTH: usize>() -> std::io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    OsRng.try_fill_bytes(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}

/// The same, as hexadecimal digits.
///
/// # Errors
/// As [`secret_bytes`].
pub fn secret_text<const LENGTH: usize>() -> std::io::Result<String> {
    Ok(secret_bytes::<LENGTH>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The daemon's dice: chance triggers, seeds of jobs, jitter.
#[derive(Debug)]
pub struct Dice(Mutex<StdRng>);

impl Dice {
    /// Dice that nobody can foretell.
    pub fn from_os() -> Self {
        Self(Mutex::new(StdRng::from_os_rng()))
    }

    /// Dice that always fall the same.
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// Uniform in [0, 1).
    pub fn fraction(&self) -> f64 {
        self.roll(|rng| rng.random())
    }

    /// A seed for one job, never negative, so that every database and tool shows it alike.
    pub fn seed(&self) -> i64 {
        self.roll(|rng| rng.random_range(0..=i64::MAX))
    }

    fn roll<T>(&self, roll: impl FnOnce(&mut StdRng) -> T) -> T {
        let mut rng = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        roll(&mut rng)
    }
}
