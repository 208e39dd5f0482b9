//! People who write to a persona, each in a private chat, and wait for its answer before they write again.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, ensure};
use maskarad_testbed::{Bot, Testbed, User, UserSpec};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::stage::{FALLBACK, Prompts, Stage};
use crate::talk;
use crate::usage::{Process, machine_seconds};

/// How long somebody waits for an answer before the run counts as failed.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long people think before they write again, in seconds; an empty range when they don't.
pub(crate) type Think = Range<f64>;

/// How long a crowd is watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// At least so long.
    pub(crate) time: Duration,
    /// At least until everybody has had so many answers.
    pub(crate) rounds: usize,
}

/// One message and its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    /// By whom.
    pub(crate) chat: usize,
    /// When it was written.
    pub(crate) asked: SystemTime,
    /// When the answer came.
    pub(crate) answered: SystemTime,
}

impl Exchange {
    /// Seconds from the message to its answer.
    pub(crate) fn wait(&self) -> f64 {
        self.answered.duration_since(self.asked).unwrap_or_default().as_secs_f64()
    }
}

/// What was seen while a crowd was watched.
#[derive(Debug)]
pub(crate) struct Watched {
    /// Answers that came meanwhile.
    pub(crate) exchanges: Vec<Exchange>,
    /// The longest wait of all, also of those who had written before the end and were answered after it.
    pub(crate) longest: f64,
    /// How long it was watched, in seconds.
    pub(crate) seconds: f64,
    /// Processor time that was used meanwhile.
    pub(crate) cpu: Cpu,
}

/// Processor time, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpu {
    /// The daemon's.
    pub(crate) daemon: f64,
    /// That of the emulator and the people.
    pub(crate) emulator: f64,
    /// That of all programs.
    pub(crate) machine: f64,
}

impl Cpu {
    /// So far.
    fn so_far(daemon: Process) -> anyhow::Result<Self> {
        let emulator = Process::own().seconds()?;
        Ok(Self { daemon: daemon.seconds()?, emulator, machine: machine_seconds()? })
    }

    fn since(self, before: Self) -> Self {
        Self {
            daemon: self.daemon - before.daemon,
            emulator: self.emulator - before.emulator,
            machine: self.machine - before.machine,
        }
    }

    /// What other programs used.
    pub(crate) fn others(&self) -> f64 {
        (self.machine - self.daemon - self.emulator).max(0.0)
    }
}

/// A crowd of chats, spread over the bots.
pub(crate) struct Crowd {
    tg: Testbed,
    chats: Vec<(User, Bot)>,
    think: Think,
    prompts: Prompts,
}

impl Crowd {
    /// People who never wrote before.
    pub(crate) fn gather(stage: &Stage, chats: usize, think: Think, prompts: Prompts) -> Self {
        let person = |chat: usize| stage.tg.add_user(UserSpec::new(&format!("Гость {chat}")));
        let bot = |chat: usize| stage.bots[chat % stage.bots.len()].clone();
        let chats = (0..chats).map(|chat| (person(chat), bot(chat))).collect();
        Self { tg: stage.tg.clone(), chats, think, prompts }
    }

    /// Lets everybody talk, and watches from when all have had their first answer. Returns when the last message is answered.
    pub(crate) async fn watch(&self, daemon: Process, span: Span) -> anyhow::Result<Watched> {
        let enough = Arc::new(AtomicBool::new(false));
        let (sender, mut receiver) = mpsc::channel(1024);
        let mut people = JoinSet::new();
        for chat in 0..self.chats.len() {
            people.spawn(self.person(chat).talk(sender.clone(), Arc::clone(&enough)));
        }
        drop(sender);
        let mut counts = vec![0; self.chats.len()];
        while counts.contains(&0) {
            counts[next(&mut receiver, &mut people).await?.chat] += 1;
        }
        let (began, before) = (Instant::now(), Cpu::so_far(daemon)?);
        let mut exchanges = Vec::new();
        counts.fill(0);
        while began.elapsed() < span.time || counts.iter().any(|count| *count < span.rounds) {
            let exchange = next(&mut receiver, &mut people).await?;
            counts[exchange.chat] += 1;
            exchanges.push(exchange);
        }
        let (seconds, cpu) = (began.elapsed().as_secs_f64(), Cpu::so_far(daemon)?.since(before));
        enough.store(true, Ordering::Relaxed);
        let mut longest = exchanges.iter().map(Exchange::wait).fold(0.0, f64::max);
        while let Some(exchange) = receiver.recv().await {
            longest = longest.max(exchange.wait());
        }
        while let Some(ended) = people.join_next().await {
            ended??;
        }
        Ok(Watched { exchanges, longest, seconds, cpu })
    }

    fn person(&self, chat: usize) -> Person {
        let (user, bot) = self.chats[chat].clone();
        let random = StdRng::seed_from_u64(chat as u64);
        Person { tg: self.tg.clone(), chat, user, bot, think: self.think.clone(), prompts: self.prompts, random }
    }
}

/// The next exchange; or why there is none.
async fn next(
    receiver: &mut mpsc::Receiver<Exchange>,
    people: &mut JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<Exchange> {
    tokio::select! {
        biased;
        Some(exchange) = receiver.recv() => Ok(exchange),
        Some(ended) = people.join_next() => {
            ended??;
            anyhow::bail!("somebody went away")
        }
        else => anyhow::bail!("everybody went away"),
    }
}

/// One of the crowd.
struct Person {
    tg: Testbed,
    chat: usize,
    user: User,
    bot: Bot,
    think: Think,
    prompts: Prompts,
    random: StdRng,
}

impl Person {
    /// Writes and waits, until it is enough.
    async fn talk(mut self, exchanges: mpsc::Sender<Exchange>, enough: Arc<AtomicBool>) -> anyhow::Result<()> {
        // Nobody comes in step with the others.
        self.think(0.0..self.think.end).await;
        while !enough.load(Ordering::Relaxed) {
            let exchange = self.exchange().await?;
            exchanges.send(exchange).await.context("somebody listens")?;
            self.think(self.think.clone()).await;
        }
        Ok(())
    }

    async fn exchange(&mut self) -> anyhow::Result<Exchange> {
        let text = match self.prompts {
            Prompts::OneMessage => talk::long_message(&mut self.random),
            Prompts::Default => talk::message(&mut self.random).to_owned(),
        };
        let message = self.user.writes_private(&self.bot, &text);
        let answer =
            self.tg.wait_answer(message, PATIENCE).await.with_context(|| format!("chat {} starves", self.chat))?;
        ensure!(answer.text != FALLBACK, "the model wrote nothing usable");
        let asked = self.tg.message(message).context("the message is in its chat")?.at;
        Ok(Exchange { chat: self.chat, asked, answered: answer.at })
    }

    async fn think(&mut self, range: Think) {
        if !range.is_empty() {
            tokio::time::sleep(Duration::from_secs_f64(self.random.random_range(range))).await;
        }
    }
}
