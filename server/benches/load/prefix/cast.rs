//! Conversations that the daemon really has, in this process, so that its prompts can be read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use maskarad::chat::{ChatId, PersonaName, TransportKind};
use maskarad::generator::GenerateRequest;
use maskarad::live::LivePersona;
use maskarad::prompt::{Side, Turn};
use maskarad::store::{self, JobId, Location};
use maskarad_engine::{Engine, ModelKey, Request};
use maskarad_testbed::{BotSpec, Testbed, UserSpec};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tempfile::TempDir;

use super::price;
use super::window::Window;
use crate::host::{Host, demo_checkpoint, persona};
use crate::{stage, talk};

const PATIENCE: Duration = Duration::from_secs(600);
const NAME: &str = "avtobus";

/// What is played.
pub(super) struct Play {
    checkpoint: PathBuf,
    new_tokens: usize,
    chats: usize,
    messages: usize,
}

/// The demo persona, whose replies end by themselves.
pub(super) fn demo() -> Play {
    Play { checkpoint: demo_checkpoint(), new_tokens: 48, chats: 12, messages: 16 }
}

/// Replies of full length.
pub(super) fn full(checkpoint: &Path) -> Play {
    Play { checkpoint: checkpoint.to_owned(), new_tokens: stage::NEW_TOKENS, chats: 4, messages: 10 }
}

/// A daemon that had its conversations.
pub(super) struct Cast {
    host: Host,
    /// What was said in each chat, in turns.
    said: BTreeMap<ChatId, Vec<String>>,
    _folder: TempDir,
}

/// One chat's whole conversation.
pub(super) struct Conversation {
    live: Arc<LivePersona>,
    /// What was said, in turns; somebody else began.
    said: Vec<String>,
    /// The ids that were generated for each reply.
    pub(super) generated: Vec<Vec<u32>>,
}

impl Cast {
    /// Plays.
    pub(super) async fn play(play: Play) -> anyhow::Result<Self> {
        let (folder, tg) = (tempfile::tempdir()?, Testbed::start().await?);
        let bot = tg.add_bot(BotSpec::new(NAME));
        let manifest = format!(
            "model: {{ path: {:?} }}\n\
             generation: {{ max_new_tokens: {}, temperature: 0.75, top_k: 30, top_p: 0.9, repetition_penalty: 1.1, \
             no_repeat_ngram_size: 3 }}\n",
            play.checkpoint, play.new_tokens
        );
        let store = store::open(&Location::Sqlite(folder.path().join("prefix.db"))).await?;
        let host = Host::start(&tg, store, vec![persona(NAME, &bot, &manifest)]).await;
        let chats = (0..play.chats).map(|chat| {
            let (tg, bot, user) = (&tg, &bot, tg.add_user(UserSpec::new(&format!("Гость {chat}"))));
            let mut random = StdRng::seed_from_u64(chat as u64);
            async move {
                let mut said = Vec::new();
                for _ in 0..play.messages {
                    let text = talk::message(&mut random);
                    let answer = tg.wait_answer(user.writes_private(bot, text), PATIENCE).await?;
                    said.extend([text.to_owned(), answer.text]);
                }
                Ok::<_, anyhow::Error>((ChatId(user.id().0), said))
            }
        });
        let said = futures::future::try_join_all(chats).await?.into_iter().collect();
        Ok(Self { host, said, _folder: folder })
    }

    /// The conversations, with the ids of each reply.
    pub(super) async fn conversations(&self) -> anyhow::Result<Vec<Conversation>> {
        let name = PersonaName::parse(NAME).context("it is a name")?;
        let live = self.host.app.roster.get(&name.at(TransportKind::Telegram)).context("the persona is up")?;
        let mut conversations = Vec::new();
        for (chat, said) in &self.said {
            let requests = self.requests(*chat).await?;
            let generations = requests.iter().map(|request| self.host.engine.generate(again(request)));
            let mut generated = Vec::new();
            for generation in generations.collect::<Result<Vec<_>, _>>()? {
                generated.push(price::finish(generation).await?.ids);
            }
            let conversation = Conversation { live: Arc::clone(&live), said: said.clone(), generated };
            let prompts: Vec<Vec<u32>> = requests.into_iter().map(|request| request.prompt).collect();
            ensure!(conversation.prompts(Window::TODAY)? == prompts, "the daemon's prompts are other ones");
            conversations.push(conversation);
        }
        Ok(conversations)
    }

    /// What the engine was asked for in a chat, once for each reply.
    async fn requests(&self, chat: ChatId) -> anyhow::Result<Vec<GenerateRequest>> {
        let mut requests: Vec<GenerateRequest> = Vec::new();
        for request in self.host.requests() {
            let conversation = self.host.app.store.conversation(JobId(request.job)).await?;
            if conversation.is_some_and(|conversation| conversation.chat.id == chat) {
                // A reply that was discarded is made again under the same job.
                requests.retain(|earlier| earlier.job != request.job);
                requests.push(request);
            }
        }
        Ok(requests)
    }

    /// The engine that speaks.
    pub(super) fn engine(&self) -> &Engine {
        &self.host.engine
    }

    /// The weights it speaks with.
    pub(super) fn model(&self) -> ModelKey {
        self.host.models()[0].key()
    }

    /// Stops the daemon.
    pub(super) async fn end(self) {
        self.host.stop().await;
    }
}

impl Conversation {
    /// The prompt of each reply, were the context chosen by this window.
    pub(super) fn prompts(&self, window: Window) -> anyhow::Result<Vec<Vec<u32>>> {
        let prompt = |reply: usize| {
            let earlier = 2 * reply;
            let context = (earlier - window.holds(earlier)..earlier).map(|index| {
                let side = if index % 2 == 0 { Side::Others } else { Side::Persona };
                Turn::earlier(side, &self.said[index])
            });
            let turns: Vec<Turn> = context.chain([Turn::asked(&self.said[earlier])]).collect();
            Ok(self.live.character().voice.prompt(&self.live.persona(), &turns)?)
        };
        (0..self.generated.len()).map(prompt).collect()
    }
}

/// The same request: what is asked twice says the same.
fn again(request: &GenerateRequest) -> Request {
    Request {
        model: request.model,
        prompt: request.prompt.clone(),
        generation: request.generation.clone(),
        want_logits: false,
    }
}
