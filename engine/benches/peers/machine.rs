//! What the benchmark runs on, and who else is running there.

use std::fs;

use crate::Failure;

/// What matters for this arithmetic, as Linux names it.
const FEATURES: [&str; 9] =
    ["avx2", "f16c", "avx_vnni", "avx512bw", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8"];
/// Linux counts processor time in hundredths of a second, on every architecture that we build for.
const TICKS: f64 = 100.0;

/// The machine in a line: processor, features, memory.
pub(crate) fn describe() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let flags = field("flags").unwrap_or_default();
    let has = |feature: &&str| flags.split(' ').any(|flag| flag == *feature);
    let features: Vec<&str> = FEATURES.into_iter().filter(has).collect();
    let processor = field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = memory("MemTotal:").unwrap_or(0) >> 20;
    format!("{cores} cores of {processor} ({}), {memory} GiB", features.join(", "))
}

/// A line of `/proc/meminfo`, in KiB.
pub(crate) fn memory(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// Seconds of processor time that everybody has used, what a hypervisor gave to others included.
pub(crate) fn all_processor_time() -> Result<f64, Failure> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().ok_or("/proc/stat is empty")?;
    let ticks: Vec<f64> = line.split_whitespace().skip(1).map(str::parse).collect::<Result<_, _>>()?;
    // user, nice, system, idle, iowait, irq, softirq, steal
    let busy = [0, 1, 2, 5, 6, 7].into_iter().filter_map(|index| ticks.get(index)).sum::<f64>();
    Ok(busy / TICKS)
}

/// Seconds of processor time that a process has used.
pub(crate) fn processor_time(process: u32) -> Result<f64, Failure> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is a name that may hold anything; user and system time are the 14th and 15th.
    let fields: Vec<&str> = text.rsplit_once(')').ok_or("no name in a process's stat")?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
    Ok((ticks(11).ok_or("no user time")? + ticks(12).ok_or("no system time")?) / TICKS)
}
