//! How much of the cores each process of a measurement used.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;

/// The ticks of the clock by which the kernel counts, a second; Linux has had 100 on every machine of this kind.
const TICKS: f64 = 100.0;

/// Some processes, by what they are for.
pub(crate) struct Watch {
    groups: Vec<(&'static str, Vec<u32>)>,
    before: Vec<f64>,
    begun: Instant,
}

impl Watch {
    /// Begins now. Whatever comes later isn't counted.
    pub(crate) fn begin(groups: Vec<(&'static str, Vec<u32>)>) -> Self {
        let before = groups.iter().map(|(_, processes)| seconds(processes)).collect();
        Self { groups, before, begun: Instant::now() }
    }

    /// What share of one core each used until now.
    pub(crate) fn end(&self) -> Vec<(&'static str, f64)> {
        let took = self.begun.elapsed().as_secs_f64();
        let share = |((name, processes), before): (&(&'static str, Vec<u32>), &f64)| {
            (*name, (seconds(processes) - before) / took)
        };
        self.groups.iter().zip(&self.before).map(share).collect()
    }
}

/// The processes that work in this folder.
pub(crate) fn working_in(folder: &Path) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let is_there =
        |process: &u32| std::fs::read_link(format!("/proc/{process}/cwd")).is_ok_and(|there| there == folder);
    processes.filter_map(number).filter(is_there).collect()
}

/// The processes that run a program of this name.
pub(crate) fn named(name: &str) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let is_it =
        |process: &u32| std::fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|told| told.trim() == name);
    processes.filter_map(number).filter(is_it).collect()
}

/// Seconds of all cores that they have used so far.
fn seconds(processes: &[u32]) -> f64 {
    processes.iter().filter_map(|process| used(*process).ok()).sum()
}

fn used(process: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold anything; utime and stime are the 14th and the 15th field.
    let (_, fields) = stat.rsplit_once(')').context("a stat has a name")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok());
    Ok((ticks(11).context("a time")? + ticks(12).context("a time")?) / TICKS)
}
