//! One contender as a process: a line of JSON asks it to learn a batch, a line of JSON tells how that went.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::contender::{Contender, Program};

/// Where children find things.
#[derive(Debug)]
pub(crate) struct Places {
    /// What everybody begins with.
    pub(crate) checkpoint: PathBuf,
    /// The Python with the peers' packages.
    pub(crate) python: PathBuf,
    /// Threads that each contender computes on.
    pub(crate) threads: usize,
}

/// A batch to learn; every token is a label, too.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    /// Rows of ids, all of one length.
    pub(crate) ids: Vec<Vec<u32>>,
}

/// A child's first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Loaded {
    /// Versions and settings.
    pub(crate) about: String,
}

/// How a step went.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// From the batch's ids to the changed weights.
    pub(crate) seconds: f64,
    /// Mean loss before the change.
    pub(crate) loss: f64,
    /// The most memory the child ever held, in MiB.
    pub(crate) peak_memory: f64,
}

/// A contender that has loaded the checkpoint. It stands still unless it is its turn.
pub(crate) struct Child {
    process: std::process::Child,
    pid: Pid,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// What it said of itself.
    pub(crate) loaded: Loaded,
}

impl Child {
    /// Starts a contender and waits until it has loaded.
    pub(crate) fn start(contender: &Contender, places: &Places) -> Result<Self, Failure> {
        let threads = places.threads.to_string();
        let mut process = command(contender.program, &places.python)?
            .arg(contender.kind)
            .arg(&places.checkpoint)
            .arg(&threads)
            .envs([("OMP_NUM_THREADS", &threads), ("RAYON_NUM_THREADS", &threads)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw).ok_or("a process without a number")?;
        let requests = process.stdin.take().ok_or("a child without input")?;
        let answers = BufReader::new(process.stdout.take().ok_or("a child without output")?);
        let mut child = Self { process, pid, requests, answers, loaded: Loaded { about: String::new() } };
        child.loaded = serde_json::from_str(&child.line()?)?;
        kill_process(child.pid, Signal::STOP)?;
        Ok(child)
    }

    /// Has it learn a batch.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Answer, Failure> {
        kill_process(self.pid, Signal::CONT)?;
        writeln!(self.requests, "{}", serde_json::to_string(request)?)?;
        self.requests.flush()?;
        let answer = serde_json::from_str(&self.line()?)?;
        kill_process(self.pid, Signal::STOP)?;
        Ok(answer)
    }

    /// Seconds of processor time that it has used.
    pub(crate) fn processor_time(&self) -> Result<f64, Failure> {
        crate::machine::processor_time(self.process.id())
    }

    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err("it ended without an answer".into()),
            _ => Ok(line),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already; and nothing is lost with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(program: Program, python: &Path) -> Result<Command, Failure> {
    Ok(match program {
        Program::Ours => {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("child");
            command
        }
        Program::Torch => {
            let mut command = Command::new(python);
            command.arg(scripts().join("worker.py"));
            command
        }
    })
}

/// The folder of the Python scripts.
pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/train/python")
}
