//! The emulator, two bots, the manifests of their personas, and the program that serves them in a process of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use maskarad_testbed::{Bot, BotSpec, Limits, Outcome, Testbed};
use serde_json::Value;
use tempfile::TempDir;

use crate::usage::Process;

/// New tokens of a reply.
pub(crate) const NEW_TOKENS: usize = 128;
/// The personas, and the variable that holds each one's token.
const PERSONAS: [(&str, &str); 2] = [("avtobus", "AVTOBUS_TOKEN"), ("polkson", "POLKSON_TOKEN")];
/// What is said instead of a reply that isn't usable; none may be needed here.
pub(crate) const FALLBACK: &str = "нечего сказать";
/// How long a start or an end may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where the program under load runs.
pub(crate) struct Stage {
    pub(crate) tg: Testbed,
    pub(crate) bots: [Bot; 2],
    folder: TempDir,
}

/// What prompts hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prompts {
    /// One message of some sixty tokens, the length by which engines are compared.
    OneMessage,
    /// The default: the last four messages, which hold two replies of full length.
    Default,
}

impl Prompts {
    /// All of them.
    const ALL: [Self; 2] = [Self::OneMessage, Self::Default];

    /// The folder of manifests, and what they say besides.
    fn personas(self) -> (&'static str, &'static str) {
        match self {
            Self::OneMessage => ("personas-without-context", "chat_defaults: { context_length: 0 }\n"),
            Self::Default => ("personas", ""),
        }
    }
}

/// What a daemon is told besides where the emulator is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Orders {
    /// What prompts hold.
    pub(crate) prompts: Prompts,
    /// Replies generated at once.
    pub(crate) max_batch: usize,
    /// Whether it keeps Telegram's guides on how fast a bot may write.
    pub(crate) paced: bool,
}

impl Default for Orders {
    fn default() -> Self {
        Self { prompts: Prompts::Default, max_batch: 32, paced: true }
    }
}

/// A running daemon; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
    /// Seconds from the start of the program until all its personas asked for updates.
    pub(crate) up_after: f64,
    /// The most memory that took, in MiB.
    pub(crate) start_peak: f64,
}

impl Stage {
    /// A stage for personas on this checkpoint.
    pub(crate) async fn new(checkpoint: &Path) -> anyhow::Result<Self> {
        let tg = Testbed::start().await?;
        let bots = PERSONAS.map(|(name, _)| tg.add_bot(BotSpec::new(&format!("{name}_bot"))));
        let folder = tempfile::tempdir()?;
        for (personas, more) in Prompts::ALL.map(Prompts::personas) {
            let personas = folder.path().join(personas);
            std::fs::create_dir(&personas)?;
            for persona in PERSONAS {
                let manifest = manifest(persona, checkpoint);
                std::fs::write(personas.join(format!("{}.yaml", persona.0)), format!("{manifest}{more}"))?;
            }
        }
        Ok(Self { tg, bots, folder })
    }

    /// Starts the daemon on a database of this name and waits until it asks for updates.
    pub(crate) async fn serve(&self, name: &str, orders: Orders) -> anyhow::Result<Daemon> {
        self.tg.set_limits(if orders.paced { Limits::Telegram } else { Limits::Off });
        let since = self.tg.request_count();
        let log = self.folder.path().join(format!("{name}.log"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_maskarad"));
        command
            .arg("serve")
            .current_dir(self.folder.path())
            .env_clear()
            .env("MASKARAD_TELEGRAM_API_URL", self.tg.api_url())
            .env("MASKARAD_PERSONAS", orders.prompts.personas().0)
            .env("MASKARAD_STORE_PATH", format!("{name}.db"))
            .env("MASKARAD_ENGINE_MAX_BATCH", orders.max_batch.to_string())
            .env("MASKARAD_LOG_FORMAT", "json")
            .env("MASKARAD_LOG", "info,maskarad::queue=debug,maskarad::router=debug,maskarad::telegram=debug")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        for ((_, variable), bot) in PERSONAS.iter().zip(&self.bots) {
            command.env(variable, bot.token());
        }
        if !orders.paced {
            command.env("MASKARAD_PACE_CHAT_INTERVAL_MS", "0").env("MASKARAD_PACE_BOT_PER_SECOND", "0");
        }
        let began = Instant::now();
        let mut daemon = Daemon { child: command.spawn()?, log, up_after: 0.0, start_peak: 0.0 };
        self.until_up(&mut daemon, since).await?;
        daemon.up_after = began.elapsed().as_secs_f64();
        daemon.start_peak = daemon.process().memory()?.peak;
        Ok(daemon)
    }

    async fn until_up(&self, daemon: &mut Daemon, since: u64) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let calls = self.tg.requests_since(since);
            let polls = |bot: &Bot| calls.iter().any(|call| call.bot == bot.id() && call.method == "getUpdates");
            if self.bots.iter().all(polls) {
                return Ok(());
            }
            let ended = daemon.child.try_wait()?;
            ensure!(ended.is_none() && Instant::now() < deadline, "the daemon doesn't come up\n{}", daemon.tail());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How many calls from this one on were refused for coming too fast.
    pub(crate) fn floods_since(&self, since: u64) -> usize {
        self.tg.requests_since(since).iter().filter(|call| call.outcome == Outcome::Answered(429)).count()
    }
}

/// Avtobus' manifest, but for the length of its replies.
fn manifest((name, variable): (&str, &str), checkpoint: &Path) -> String {
    format!(
        "name: {name}\n\
         token: {{ env: {variable} }}\n\
         model: {{ path: {checkpoint:?}, precision: int8 }}\n\
         template: rudialogpt\n\
         generation: {{ max_new_tokens: {NEW_TOKENS}, temperature: 0.75, top_k: 30, top_p: 0.9, \
         repetition_penalty: 1.1, no_repeat_ngram_size: 3 }}\n\
         access: {{ per_user_hourly: 1000000, per_chat_hourly: 1000000 }}\n\
         reply: {{ fallback: {FALLBACK} }}\n"
    )
}

impl Daemon {
    /// Its process.
    pub(crate) fn process(&self) -> Process {
        Process(self.child.id())
    }

    /// The lines of its log so far, each a JSON object.
    pub(crate) fn log(&self) -> anyhow::Result<Vec<Value>> {
        let text = std::fs::read_to_string(&self.log)?;
        text.lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("a line of the log: {line}")))
            .collect()
    }

    /// The mean length of the prompts so far, in tokens.
    pub(crate) fn prompt_tokens(&self) -> anyhow::Result<f64> {
        let log = self.log()?;
        let lengths: Vec<f64> = log.iter().filter_map(|line| line["prompt_tokens"].as_f64()).collect();
        Ok(lengths.iter().sum::<f64>() / lengths.len() as f64)
    }

    /// Stops it as SIGTERM does, and sees that it ended well and that every reply was of full length and written by the model.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let asked = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status()?;
        ensure!(asked.success(), "SIGTERM couldn't be sent");
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            ensure!(Instant::now() < deadline, "the daemon doesn't stop\n{}", self.tail());
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        ensure!(status.success(), "the daemon ended with {status}\n{}", self.tail());
        let log = self.log()?;
        let generated: Vec<_> = log.iter().filter(|line| line["message"] == "generated").collect();
        let short = generated.iter().filter(|line| line["generated_tokens"] != NEW_TOKENS).count();
        ensure!(short == 0, "{short} of {} replies were shorter than {NEW_TOKENS} tokens", generated.len());
        let discarded = log.iter().filter(|line| line["message"] == "a reply was discarded").count();
        ensure!(discarded == 0, "{discarded} replies were discarded and made anew");
        Ok(())
    }

    /// The end of its log.
    fn tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
