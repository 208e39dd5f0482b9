//! One conversation: what was said, and how the next reply is made and shown while it grows.
#![expect(clippy::print_stdout, reason = "the conversation is what the command is for")]

use std::io::Write;

use anyhow::Context;
use maskarad_engine::{Engine, Event, Request};

use crate::config::persona::Persona;
use crate::live::Voice;
use crate::prompt::{self, Side, Turn};
use crate::reply::{self, Outcome};

/// A reply that can't be used is tried so often.
const ATTEMPTS: usize = 3;

pub(super) struct Talk {
    persona: Persona,
    engine: Engine,
    voice: Voice,
    said: Vec<Turn>,
    pub(super) context_length: u8,
    seed: u64,
}

impl Talk {
    pub(super) fn new(persona: Persona, engine: Engine, voice: Voice, seed: u64) -> Self {
        let context_length = persona.chat_defaults.context_length;
        Self { persona, engine, voice, said: Vec::new(), context_length, seed }
    }

    /// Forgets what was said.
    pub(super) fn reset(&mut self) {
        self.said.clear();
    }

    /// Answers a message and remembers both.
    pub(super) fn answer(&mut self, message: &str) -> anyhow::Result<()> {
        let prompt = self.prompt(message)?;
        print!("{}: ", self.persona.display_name);
        let mut answer = None;
        for _ in 0..ATTEMPTS {
            answer = self.attempt(prompt.clone())?;
            if answer.is_some() {
                break;
            }
        }
        let answer = answer.unwrap_or_else(|| {
            print!("{}", self.persona.reply.fallback);
            self.persona.reply.fallback.clone()
        });
        println!();
        self.said.push(Turn::earlier(Side::Others, message));
        self.said.push(Turn::earlier(Side::Persona, answer));
        Ok(())
    }

    fn prompt(&self, message: &str) -> anyhow::Result<Vec<u32>> {
        let earlier = &self.said[self.said.len().saturating_sub(self.context_length.into())..];
        let turns: Vec<Turn> = earlier.iter().cloned().chain([Turn::asked(message)]).collect();
        let n_positions = self.voice.model.config().n_positions;
        let window = prompt::window(n_positions, self.persona.generation.max_new_tokens);
        Ok(prompt::build(&self.persona, &self.voice.tokenizer, &turns, window.prompt)?)
    }

    /// Makes one reply and shows it; `None` when it can't be used.
    fn attempt(&mut self, prompt: Vec<u32>) -> anyhow::Result<Option<String>> {
        let generation = prompt::generation(&self.persona, &self.voice.model, &self.voice.tokenizer, self.seed);
        self.seed = self.seed.wrapping_add(1);
        let request = Request { model: self.voice.model.key(), prompt, generation, want_logits: false };
        let mut events = self.engine.generate(request)?;
        let (mut grown, mut shown) = (String::new(), String::new());
        loop {
            match events.blocking_next().context("the engine died")? {
                Event::Token { text, .. } => {
                    grown.push_str(&text);
                    // The last word may still become part of what is cut out.
                    let settled = grown.rfind(char::is_whitespace).map_or("", |at| &grown[..at]);
                    self.show(settled, &mut shown)?;
                }
                Event::Finished(finished) => return self.end(&finished.text.unwrap_or(grown), &shown),
                Event::Failed(error) => return Err(error.into()),
            }
        }
    }

    /// Prints what the text has grown by since it was last shown, as it will be sent.
    fn show(&self, settled: &str, shown: &mut String) -> anyhow::Result<()> {
        let Outcome::Text(text) = reply::clean(&self.persona, &self.voice.markers, settled) else { return Ok(()) };
        if let Some(more) = text.strip_prefix(shown.as_str()) {
            print!("{more}");
            std::io::stdout().flush()?;
            *shown = text;
        }
        Ok(())
    }

    /// Shows the rest of a finished reply.
    fn end(&self, text: &str, shown: &str) -> anyhow::Result<Option<String>> {
        let name = &self.persona.display_name;
        match reply::clean(&self.persona, &self.voice.markers, text) {
            Outcome::Text(text) => {
                match text.strip_prefix(shown) {
                    Some(rest) => print!("{rest}"),
                    // What was shown turned out to be something else: say it again.
                    None => print!("\n{name}: {text}"),
                }
                std::io::stdout().flush()?;
                Ok(Some(text))
            }
            Outcome::Discard(reason) => {
                if !shown.is_empty() {
                    print!(" ({})\n{name}: ", reason.as_str());
                }
                Ok(None)
            }
        }
    }
}
