//! Who used the cores while something was measured.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::usage::{Process, machine_seconds};

/// The cores, from a moment on.
pub(super) struct Watch {
    server: PathBuf,
    begun: Instant,
    before: [f64; 3],
}

impl Watch {
    /// From now on. The server's processes work in this folder or below.
    pub(super) fn begin(server: &Path) -> anyhow::Result<Self> {
        Ok(Self { server: server.to_owned(), begun: Instant::now(), before: seconds(server)? })
    }

    /// What share of all cores the server, this process and all others used until now.
    pub(super) fn end(&self) -> anyhow::Result<[f64; 3]> {
        let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
        let all = self.begun.elapsed().as_secs_f64() * cores;
        let [server, own, machine] = seconds(&self.server)?;
        let (server, own, machine) = (server - self.before[0], own - self.before[1], machine - self.before[2]);
        Ok([server, own, (machine - server - own).max(0.0)].map(|used| used / all))
    }
}

fn seconds(server: &Path) -> anyhow::Result<[f64; 3]> {
    let there =
        |process: &u32| std::fs::read_link(format!("/proc/{process}/cwd")).is_ok_and(|at| at.starts_with(server));
    let processes = std::fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let server: f64 = processes.filter(there).filter_map(|process| Process(process).seconds().ok()).sum();
    Ok([server, Process::own().seconds()?, machine_seconds()?])
}
