//! What a process uses, as `/proc` tells.

use anyhow::Context;

/// Ticks a second in `/proc/PID/stat`: the kernel's promise to programs, whatever it counts in itself.
const TICKS: f64 = 100.0;

/// A process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(pub(crate) u32);

/// Memory in MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// In use now (VmRSS).
    pub(crate) resident: f64,
    /// The most that was in use since [`Process::forget_peak`] (VmHWM).
    pub(crate) peak: f64,
}

impl Process {
    /// This process.
    pub(crate) fn own() -> Self {
        Self(std::process::id())
    }

    /// Seconds of processor time so far, of all threads, those that have ended included.
    pub(crate) fn seconds(self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        // The second field is the program's name in parentheses, which may itself hold anything.
        let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat names its program")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        Ok(ticks.sum::<Result<u64, _>>()? as f64 / TICKS)
    }

    /// How much memory it uses.
    pub(crate) fn memory(self) -> anyhow::Result<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let kibibytes = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field));
            let number =
                line.and_then(|line| line.split_whitespace().next()).context("/proc/PID/status tells memory")?;
            Ok::<f64, anyhow::Error>(number.parse()?)
        };
        Ok(Memory { resident: kibibytes("VmRSS:")? / 1024.0, peak: kibibytes("VmHWM:")? / 1024.0 })
    }

    /// From now on the peak is counted anew.
    pub(crate) fn forget_peak(self) -> anyhow::Result<()> {
        Ok(std::fs::write(format!("/proc/{}/clear_refs", self.0), "5")?)
    }
}

/// Seconds of processor time that all programs of this machine have had so far.
pub(crate) fn machine_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let fields =
        stat.lines().next().and_then(|line| line.strip_prefix("cpu ")).context("/proc/stat begins with all cores")?;
    let ticks = fields.split_whitespace().map(str::parse::<u64>).collect::<Result<Vec<_>, _>>()?;
    // user, nice and system; idle and waiting for a disk; interrupts; what the host took away counts as others' work.
    let busy = ticks.iter().enumerate().filter(|(field, _)| matches!(field, 0..=2 | 5..=7));
    Ok(busy.map(|(_, ticks)| *ticks).sum::<u64>() as f64 / TICKS)
}
