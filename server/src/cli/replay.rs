//! `maskarad replay`: what a persona would do in a chat that was exported, before anybody switches insanity on.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use maskarad_engine::{Engine, Event, Request};
use maskarad_trainer::corpus::import::pairing::Rules;
use maskarad_trainer::corpus::import::{Dropped, ImportOptions, telegram};
use maskarad_trainer::corpus::record::Turn as Said;
use serde::Serialize;
use time::OffsetDateTime;

use super::output::Output;
use super::{model, progress};
use crate::chat::{
    ChatId, ChatKind, ChatRef, Entity, EntityKind, Me, Message, MessageId, Sender, SenderKind, TransportKind, UserId,
};
use crate::clock::Dice;
use crate::config::daemon::DaemonConfig;
use crate::config::manifest;
use crate::config::persona::Persona;
use crate::prompt::Turn;
use crate::replay::{Call, Forecast, Speed, replay};
use crate::settings::EffectiveSettings;
use crate::store::ChatSettings;
use crate::trigger::{Decision, Moment, STALE_AFTER, decide};

/// Replies that are measured.
const MEASURED: u64 = 3;

/// What `replay` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The export: result.json of Telegram Desktop, or the folder it lies in.
    #[arg(value_name = "EXPORT")]
    export: PathBuf,
    /// Name of the persona.
    #[arg(long, value_name = "NAME")]
    persona: String,
    /// Seconds that a reply takes; measured with the persona's own model where this isn't given.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<f64>,
    /// Its bot's username, by which it may have been mentioned.
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Seed of the dice that chance is decided by.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What is told.
#[derive(Debug, Serialize)]
struct Told {
    persona: String,
    seconds_per_reply: f64,
    /// Most a group takes in a minute.
    group_per_minute: usize,
    chats: Vec<Chat>,
}

#[derive(Debug, Serialize)]
struct Chat {
    /// As the importer names it.
    chat: String,
    messages: u64,
    days: f64,
    insanity_off: Forecast,
    insanity_on: Forecast,
}

/// What was heard in one chat: nothing but times, and what called for an answer with insanity off and on.
#[derive(Default)]
struct Heard {
    messages: u64,
    span: Option<(OffsetDateTime, OffsetDateTime)>,
    calls: [Vec<Call>; 2],
}

pub(super) fn run(arguments: &Arguments, config: &DaemonConfig) -> anyhow::Result<()> {
    let loaded = manifest::load_without_tokens(&config.personas);
    let persona = super::chat::find(loaded, &arguments.persona)?;
    let chats = listen(arguments, &persona)?;
    anyhow::ensure!(!chats.is_empty(), "{} holds no message with text and time", arguments.export.display());
    let reply = match arguments.seconds {
        Some(seconds) => Duration::from_secs_f64(seconds),
        None => measure(config, &persona)?,
    };
    let speed = Speed { reply, guides: config.telegram.guides };
    let chats = chats.into_iter().map(|(name, heard)| forecast(name, heard, &persona, speed)).collect();
    let told = Told {
        persona: persona.name.to_string(),
        seconds_per_reply: reply.as_secs_f64(),
        group_per_minute: speed.guides.group_per_minute,
        chats,
    };
    let mut output = Output::open();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&told)?)?;
    } else {
        print(&told, &mut output)?;
    }
    Ok(())
}

/// Runs every message through the trigger decision; keeps no text.
fn listen(arguments: &Arguments, persona: &Persona) -> anyhow::Result<BTreeMap<String, Heard>> {
    let username = arguments.username.clone().unwrap_or_else(|| format!("{}_bot", persona.name));
    let me =
        Me { id: UserId(0), username: username.trim_start_matches('@').to_owned(), can_read_all_group_messages: true };
    let settings = [false, true].map(|insanity| {
        let own = ChatSettings { insanity: Some(insanity), ..ChatSettings::default() };
        EffectiveSettings::of(persona, ChatKind::Group, Some(&own))
    });
    let (dice, mut people) = (Dice::seeded(arguments.seed), HashMap::new());
    let mut chats: BTreeMap<String, Heard> = BTreeMap::new();
    // Each message by itself, in the order of the export.
    let rules = Rules { gap: Duration::ZERO, burst: Duration::ZERO, context: 0 };
    let options = ImportOptions { rules, ..ImportOptions::default() };
    telegram::read(&arguments.export, &options, &mut Dropped::default(), &mut |dialogue| {
        let Some((said, at)) = dialogue.turns.last().and_then(|said| Some((said, said.time?))) else { return Ok(()) };
        let next = i64::try_from(people.len()).unwrap_or(i64::MAX).saturating_add(1);
        let sender = *people.entry(said.author.id.clone()).or_insert(UserId(next));
        let message = message(said, at, sender);
        let moment = Moment { now: at, dice: dice.fraction(), stale_after: STALE_AFTER };
        let heard = chats.entry(dialogue.source).or_default();
        heard.messages += 1;
        heard.span = Some(heard.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        for (settings, calls) in settings.iter().zip(&mut heard.calls) {
            if let Decision::Answer(trigger) = decide(persona, &me, settings, &message, moment) {
                calls.push(Call { at, sender, trigger });
            }
        }
        Ok(())
    })?;
    Ok(chats)
}

fn message(said: &Said, at: OffsetDateTime, sender: UserId) -> Message {
    Message {
        id: MessageId(0),
        chat: ChatRef { transport: TransportKind::Telegram, id: ChatId(-1), thread: None },
        chat_kind: ChatKind::Group,
        chat_title: String::new(),
        sender: Sender { id: sender, kind: SenderKind::Person, name: String::new(), language: None },
        sent_at: at,
        text: said.text.clone(),
        entities: entities(&said.text),
        reply_to: None,
        forwarded: false,
    }
}

/// Mentions and a command at the beginning; exports keep no entities of plain texts.
fn entities(text: &str) -> Vec<Entity> {
    let word = |from: usize| {
        let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
        let rest = &text[from + 1..];
        from..from + 1 + rest.find(ends).unwrap_or(rest.len())
    };
    let mentions = text.match_indices('@').map(|(at, _)| word(at)).filter(|range| range.len() > 1);
    let mut entities: Vec<Entity> = mentions
        .map(|range| Entity { kind: EntityKind::Mention(text[range.start + 1..range.end].to_owned()), range })
        .collect();
    if text.starts_with('/') {
        let range = word(0);
        entities.push(Entity { kind: EntityKind::Command(text[1..range.end].to_owned()), range });
    }
    entities
}

/// How long one reply takes here, in the mean of a few.
fn measure(config: &DaemonConfig, persona: &Persona) -> anyhow::Result<Duration> {
    let engine = Engine::start(config.engine.clone())?;
    let voice = model::load(&engine, persona).map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let prompt = voice.prompt(persona, &[Turn::asked("Привет, как дела?")])?;
    let took = progress::during("measuring how long a reply takes", || -> anyhow::Result<Duration> {
        let began = Instant::now();
        for seed in 0..MEASURED {
            let generation = voice.generation(seed);
            let request = Request { model: voice.model.key(), prompt: prompt.clone(), generation, want_logits: false };
            let mut events = engine.generate(request)?;
            while let Event::Token { .. } = events.blocking_next().context("the engine died")? {}
        }
        Ok(began.elapsed())
    })?;
    engine.shutdown();
    Ok(took / u32::try_from(MEASURED).unwrap_or(1))
}

fn forecast(chat: String, mut heard: Heard, persona: &Persona, speed: Speed) -> Chat {
    let span = heard.span.map_or(time::Duration::ZERO, |(first, last)| last - first);
    let [insanity_off, insanity_on] = heard.calls.each_mut().map(|calls| {
        // An export's clock may have been set back.
        calls.sort_by_key(|call| call.at);
        replay(&persona.name, calls, span, speed)
    });
    Chat { chat, messages: heard.messages, days: span.as_seconds_f64() / 86_400.0, insanity_off, insanity_on }
}

fn print(told: &Told, output: &mut Output) -> std::io::Result<()> {
    writeln!(output, "{}: a reply takes {:.2} s", told.persona, told.seconds_per_reply)?;
    for chat in &told.chats {
        let Chat { insanity_off: off, insanity_on: on, .. } = chat;
        writeln!(output, "\n{}: {} messages in {:.1} days", chat.chat, chat.messages, chat.days)?;
        writeln!(output, "  {:<34} {:>12} {:>12}", "insanity", "off", "on")?;
        let mut row = |what: &str, tell: &dyn Fn(&Forecast) -> String| {
            writeln!(output, "  {what:<34} {:>12} {:>12}", tell(off), tell(on))
        };
        row("replies", &|told| told.replies.to_string())?;
        row("passed over for newer messages", &|told| told.passed_over.to_string())?;
        row("replies an hour, in the mean", &|told| format!("{:.1}", told.replies_per_hour))?;
        row("replies in the busiest hour", &|told| told.busiest_hour.to_string())?;
        row("messages waiting at once, at most", &|told| told.peak_queue.to_string())?;
        row("longest wait for a reply", &|told| format!("{} s", told.longest_wait_seconds))?;
        row("engine at work, in the mean", &|told| percent(told.cpu_share))?;
        row("engine at work in the busiest hour", &|told| percent(told.cpu_share_busiest_hour))?;
        row("calls in the busiest minute", &|told| told.peak_called_in_a_minute.to_string())?;
        row("replies in the busiest minute", &|told| told.peak_sent_in_a_minute.to_string())?;
        writeln!(output, "  {}", verdict(on, told.group_per_minute))?;
    }
    Ok(())
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// What it comes to, with insanity on.
fn verdict(on: &Forecast, most: usize) -> String {
    if on.cpu_share_busiest_hour > 0.9 {
        "insanity would keep this machine busy all the time: it answers late, and only the newest".to_owned()
    } else if on.floods {
        format!(
            "insanity calls for more than the {most} messages a minute that a group takes: it keeps that pace, and passes over {} messages",
            on.passed_over
        )
    } else {
        "insanity stays within what Telegram and this machine can take".to_owned()
    }
}

/// From a hundredth of a second to an hour.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.01..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("expected seconds, from 0.01 to 3600".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_and_commands_are_marked() {
        let kinds = |text: &str| entities(text).into_iter().map(|entity| entity.kind).collect::<Vec<_>>();
        assert_eq!(kinds("эй, @avtobus_bot, ты где?"), [EntityKind::Mention("avtobus_bot".to_owned())]);
        assert_eq!(kinds("/start@x"), [EntityKind::Mention("x".to_owned()), EntityKind::Command("start".to_owned())]);
        assert!(kinds("@ и @ё").is_empty());
    }
}
