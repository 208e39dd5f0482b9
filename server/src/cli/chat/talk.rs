//! One conversation: what was said, and how the next reply is made and shown while it grows.

use std::io::Write;

use anyhow::Context;
use maskarad_engine::{Engine, Event, Request};

use crate::attempts::{Attempts, End};
use crate::cli::output::Output;
use crate::config::persona::Persona;
use crate::live::Voice;
use crate::prompt::{Side, Turn};
use crate::reply::{self, Flow, Outcome};

pub(super) struct Talk {
    persona: Persona,
    engine: Engine,
    voice: Voice,
    pub(super) output: Output,
    said: Vec<Turn>,
    pub(super) context_length: u8,
    seed: u64,
}

impl Talk {
    pub(super) fn new(persona: Persona, engine: Engine, voice: Voice, seed: u64) -> Self {
        let context_length = persona.chat_defaults.context_length;
        Self { persona, engine, voice, output: Output::open(), said: Vec::new(), context_length, seed }
    }

    /// Forgets what was said.
    pub(super) fn reset(&mut self) {
        self.said.clear();
    }

    /// Answers a message and remembers both.
    pub(super) fn answer(&mut self, message: &str) -> anyhow::Result<()> {
        let prompt = self.prompt(message)?;
        write!(self.output, "{}: ", self.persona.display_name)?;
        let mut attempts = Attempts::new(self.seed, true);
        let answer = loop {
            match self.attempt(prompt.clone(), &mut attempts)? {
                None => {}
                Some(End::Text(text)) => break text,
                Some(End::Fallback(_) | End::Silence(_)) => {
                    write!(self.output, "{}", self.persona.reply.fallback)?;
                    break self.persona.reply.fallback.clone();
                }
            }
        };
        self.seed = attempts.seed();
        writeln!(self.output)?;
        self.said.push(Turn::earlier(Side::Others, message));
        self.said.push(Turn::earlier(Side::Persona, answer));
        Ok(())
    }

    fn prompt(&self, message: &str) -> anyhow::Result<Vec<u32>> {
        let earlier = &self.said[self.said.len().saturating_sub(self.context_length.into())..];
        let turns: Vec<Turn> = earlier.iter().cloned().chain([Turn::asked(message)]).collect();
        Ok(self.voice.prompt(&self.persona, &turns)?)
    }

    /// Makes one reply and shows it.
    fn attempt(&mut self, prompt: Vec<u32>, attempts: &mut Attempts) -> anyhow::Result<Option<End>> {
        let generation = self.voice.generation(attempts.seed());
        let request = Request { model: self.voice.model.key(), prompt, generation, want_logits: false };
        let mut events = self.engine.generate(request)?;
        let (persona, voice) = (self.persona.clone(), self.voice.clone());
        let mut flow = Flow::new(&persona, &voice.markers);
        loop {
            match events.blocking_next().context("the engine died")? {
                Event::Token { text, .. } => {
                    write!(self.output, "{}", flow.push(&text))?;
                    self.output.flush()?;
                }
                Event::Finished(finished) => {
                    let outcome = reply::clean(&persona, &voice.markers, &finished.text.unwrap_or_default());
                    self.end(&outcome, flow.shown())?;
                    return Ok(attempts.after(outcome));
                }
                Event::Failed(error) => return Err(error.into()),
            }
        }
    }

    /// Shows the rest of a finished reply.
    fn end(&mut self, outcome: &Outcome, shown: &str) -> anyhow::Result<()> {
        let name = &self.persona.display_name;
        match outcome {
            Outcome::Text(text) => match text.strip_prefix(shown) {
                Some(rest) => write!(self.output, "{rest}")?,
                // What was shown turned out to be something else: say it again.
                None => write!(self.output, "\n{name}: {text}")?,
            },
            Outcome::Discard(_) if shown.is_empty() => {}
            Outcome::Discard(reason) => write!(self.output, " ({})\n{name}: ", reason.as_str())?,
        }
        Ok(self.output.flush()?)
    }
}
