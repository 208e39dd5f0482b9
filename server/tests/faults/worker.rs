//! A worker under test: a child process, and a log that tells what it has under way.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::run::program;

/// How long a worker may take to finish what it has.
const STOP: Duration = Duration::from_secs(30);

/// Where somebody works, whoever it is at the moment.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// What the worker there is called.
    pub(crate) name: &'static str,
    /// The network namespace, where it is on a machine of its own.
    pub(crate) namespace: Option<String>,
}

/// A running worker; killed when dropped.
pub(crate) struct Worker {
    pub(crate) post: Post,
    child: Child,
    log: PathBuf,
    diary: Diary,
}

/// What is left of a worker.
pub(crate) struct Left {
    pub(crate) post: Post,
    pub(crate) log: PathBuf,
    /// Jobs that it had begun and not ended.
    pub(crate) under_way: usize,
    /// Jobs that it had ended.
    pub(crate) made: usize,
}

/// A log, read as it grows.
struct Diary {
    file: File,
    /// The beginning of a line.
    rest: Vec<u8>,
    under_way: usize,
    made: usize,
}

impl Worker {
    /// Starts somebody on a post, in a folder, for a broker.
    pub(crate) fn start(post: Post, folder: &Path, broker: &str, (log, json): (PathBuf, bool)) -> Self {
        let mut command = match &post.namespace {
            None => Command::new(program()),
            Some(namespace) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace]).arg(program());
                command
            }
        };
        command
            .arg("worker")
            .current_dir(folder)
            .env_clear()
            .env("MASKARAD_BROKER", broker)
            .env("MASKARAD_WORKER_NAME", post.name)
            .env("MASKARAD_WORKER_MODELS", Path::new(env!("CARGO_MANIFEST_DIR")).join("../personas/models/mini-ru"))
            .env("MASKARAD_CACHE", folder.join(format!("cache-{}", post.name)))
            .env("MASKARAD_ENGINE_THREADS", "1")
            .env("MASKARAD_ENGINE_MAX_BATCH", "4")
            .env("MASKARAD_LOG", "debug")
            .env("MASKARAD_LOG_FORMAT", if json { "json" } else { "human" })
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap());
        let diary = Diary { file: File::open(&log).unwrap(), rest: Vec::new(), under_way: 0, made: 0 };
        Self { post, child: command.spawn().unwrap(), log, diary }
    }

    /// How many jobs it has begun and not ended, as far as it has told.
    pub(crate) fn under_way(&mut self) -> usize {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("worker {} ended by itself: {status}\n{}", self.post.name, self.tail());
        }
        self.diary.read();
        self.diary.under_way
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) -> Left {
        self.under_way();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.left()
    }

    /// SIGTERM, and how it ended.
    pub(crate) async fn stop(mut self) -> (ExitStatus, Left) {
        let asked = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let deadline = Instant::now() + STOP;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, self.left());
            }
            assert!(Instant::now() < deadline, "worker {} doesn't stop\n{}", self.post.name, self.tail());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn left(&mut self) -> Left {
        self.diary.read();
        let Diary { under_way, made, .. } = self.diary;
        Left { post: self.post.clone(), log: self.log.clone(), under_way, made }
    }

    fn tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Diary {
    fn read(&mut self) {
        let mut bytes = std::mem::take(&mut self.rest);
        self.file.read_to_end(&mut bytes).unwrap();
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.rest = bytes.split_off(whole);
        for line in String::from_utf8_lossy(&bytes).lines() {
            self.line(line);
        }
    }

    fn line(&mut self, line: &str) {
        if line.contains("a job begins") {
            self.under_way += 1;
        } else if line.contains("a job has ended") {
            // One more may be told of while its connection ends.
            self.under_way = self.under_way.saturating_sub(1);
            self.made += 1;
        } else if line.contains("the broker is away") {
            // With its connection end all jobs of a worker.
            self.under_way = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_diary_tells_what_is_under_way_however_it_is_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = File::create(&path).unwrap();
        let mut diary = Diary { file: File::open(&path).unwrap(), rest: Vec::new(), under_way: 0, made: 0 };
        let mut tells = |words: &str| {
            log.write_all(words.as_bytes()).unwrap();
            diary.read();
            (diary.under_way, diary.made)
        };
        assert_eq!(tells("DEBUG a job begins attempt=1\n{\"message\":\"a job beg"), (1, 0));
        assert_eq!(tells("ins\"}\n"), (2, 0));
        assert_eq!(tells("DEBUG a job has ended attempt=1\n"), (1, 1));
        assert_eq!(tells("WARN the broker is away; connecting again\nDEBUG a job begins\n"), (1, 1));
    }
}
