//! One contender as a process that stands still unless it is its turn: whatever its threads would spin on, or look up
//! in the background, isn't taken from the others.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::Failure;
use crate::contender::{Contender, Program};
use crate::protocol::{Answer, Loaded, Request};

/// Where children find things.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// Holds the checkpoint and its conversions.
    pub(crate) folder: PathBuf,
    /// The Python with the peers' packages.
    pub(crate) python: PathBuf,
    /// Threads that each contender computes on.
    pub(crate) threads: usize,
}

/// A contender that has loaded its model.
pub(crate) struct Child {
    process: std::process::Child,
    pid: Pid,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// What it said after loading.
    pub(crate) loaded: Loaded,
}

impl Child {
    /// Starts a contender and waits until its model is loaded.
    pub(crate) fn start(contender: &Contender, places: &Places) -> Result<Self, Failure> {
        let mut process = command(contender, places)?
            .envs(contender.environment.iter().copied())
            .env("OMP_NUM_THREADS", places.threads.to_string())
            .env("RAYON_NUM_THREADS", places.threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw).ok_or("a process without a number")?;
        let requests = process.stdin.take().ok_or("a child without input")?;
        let answers = BufReader::new(process.stdout.take().ok_or("a child without output")?);
        let loaded = Loaded { load: 0.0, about: String::new(), weights: None, token_bytes: None };
        let mut child = Self { process, pid, requests, answers, loaded };
        child.loaded = serde_json::from_str(&child.line()?)?;
        child.stop()?;
        Ok(child)
    }

    /// Lets it run, asks, and has it stand still again.
    pub(crate) fn ask(&mut self, requests: &[&Request]) -> Result<Vec<Answer>, Failure> {
        kill_process(self.pid, Signal::CONT)?;
        let mut answers = Vec::new();
        for request in requests {
            writeln!(self.requests, "{}", serde_json::to_string(request)?)?;
            self.requests.flush()?;
            answers.push(serde_json::from_str(&self.line()?)?);
        }
        self.stop()?;
        Ok(answers)
    }

    /// Seconds of processor time that it has used.
    pub(crate) fn processor_time(&self) -> Result<f64, Failure> {
        crate::machine::processor_time(self.process.id())
    }

    fn stop(&self) -> Result<(), Failure> {
        Ok(kill_process(self.pid, Signal::STOP)?)
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

fn command(contender: &Contender, places: &Places) -> Result<Command, Failure> {
    let mut command = match contender.program {
        Program::Ours => this_program("ours")?,
        Program::Candle => this_program("candle")?,
        Program::Python(engine) => {
            let mut command = Command::new(&places.python);
            command.arg(scripts().join("worker.py")).arg(engine);
            command
        }
    };
    command.arg(contender.argument).arg(&places.folder).arg(places.threads.to_string());
    Ok(command)
}

fn this_program(engine: &str) -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["child", engine]);
    Ok(command)
}

/// The folder of the Python scripts.
pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/python")
}
