//! One running request: what it has read and written, and when it ends. Knows neither batches nor caches' insides.

use std::sync::Arc;

use crate::error::EngineError;
use crate::generation::{Finished, Request, StopReason, Timings};
use crate::model::loaded::LoadedModel;
use crate::model::{KvCache, Output};
use crate::region::Zeroed;
use crate::sampling::Sampler;
use crate::stop::{Scan, StopStrings};
use crate::tokenizer::TextStream;

/// A request on its way.
pub struct Sequence {
    model: LoadedModel,
    max_new_tokens: usize,
    eos_token_ids: Vec<u32>,
    /// The prompt, then what was generated.
    ids: Vec<u32>,
    prompt_len: usize,
    /// Tokens of `ids` that the model has seen, and those it is looking at now.
    seen: usize,
    looking_at: usize,
    sampler: Sampler,
    writer: Option<Writer>,
    logits: Logits,
}

/// Turns tokens into text that stops where it should.
struct Writer {
    stream: TextStream,
    stop: StopStrings,
    text: String,
}

/// Whether the prompt's last logits are to be returned.
enum Logits {
    Unwanted,
    Wanted,
    Kept(Vec<f32>),
}

/// What a forward pass did for a sequence.
#[derive(Debug)]
pub enum Progress {
    /// More of the prompt is to be read.
    Reading,
    /// A token was generated; with `stop` it was the last one.
    Token {
        /// The token.
        id: u32,
        /// The text it completed.
        text: String,
        /// Why it was the last one.
        stop: Option<StopReason>,
    },
    /// The sequence can't go on.
    Failed(EngineError),
}

impl Sequence {
    /// A sequence at its beginning.
    ///
    /// # Errors
    /// A request whose parameters are out of range or that does not fit the model.
    pub fn new(model: LoadedModel, request: Request) -> Result<Self, EngineError> {
        let Request { prompt, generation, want_logits, .. } = request;
        generation.validate()?;
        model.check_prompt(&prompt, generation.max_new_tokens)?;
        if model.tokenizer().is_none() && !generation.stop_strings.is_empty() {
            return Err(EngineError::NoTokenizer);
        }
        let writer = model.tokenizer().map(|tokenizer| Writer {
            stream: TextStream::new(Arc::clone(tokenizer)),
            stop: StopStrings::new(generation.stop_strings.clone()),
            text: String::new(),
        });
        Ok(Self {
            sampler: Sampler::new(&generation),
            max_new_tokens: generation.max_new_tokens,
            eos_token_ids: generation.eos_token_ids,
            prompt_len: prompt.len(),
            ids: prompt,
            seen: 0,
            looking_at: 0,
            writer,
            logits: if want_logits { Logits::Wanted } else { Logits::Unwanted },
            model,
        })
    }

    /// The model it runs on.
    #[must_use]
    pub fn model(&self) -> &LoadedModel {
        &self.model
    }

    /// Bytes of keys and values it will need at most.
    #[must_use]
    pub fn kv_bytes(&self) -> usize {
        self.model.kv_bytes(self.capacity())
    }

    /// Room for all the keys and values it will ever need, in memory that `find` gives.
    pub(crate) fn cache_within(&self, find: impl FnOnce(usize) -> Zeroed) -> KvCache {
        self.model.cache_within(self.capacity(), find)
    }

    fn capacity(&self) -> usize {
        self.prompt_len + self.max_new_tokens
    }

    /// Tokens it may still come to, of its prompt and of its reply.
    #[must_use]
    pub fn tokens_left(&self) -> usize {
        self.capacity() - self.seen
    }

    /// Prompt tokens it has yet to read.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.prompt_len.saturating_sub(self.seen)
    }

    /// Whether it still has prompt tokens to read.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.unread() > 0
    }

    /// The tokens the model is to look at next, at most `most` of a prompt; `None` if that leaves none.
    pub fn next_tokens(&mut self, most: usize) -> Option<(Vec<u32>, Output)> {
        let left = self.ids.len() - self.seen;
        self.looking_at = if self.is_reading() { left.min(most) } else { left };
        let tokens = &self.ids[self.seen..self.seen + self.looking_at];
        let output = if self.looking_at == left { Output::Last } else { Output::Nothing };
        (!tokens.is_empty()).then(|| (tokens.to_vec(), output))
    }

    /// Takes in the logits that followed from [`Sequence::next_tokens`], and may spoil them. Where the prompt goes on
    /// there are none.
    pub fn advance(&mut self, logits: &mut [f32]) -> Progress {
        self.seen += self.looking_at;
        if self.seen < self.ids.len() {
            return Progress::Reading;
        }
        if matches!(self.logits, Logits::Wanted) {
            self.logits = Logits::Kept(logits.to_vec());
        }
        match self.sampler.choose(logits, &self.ids) {
            Ok(id) => self.take(id),
            Err(error) => Progress::Failed(error),
        }
    }

    fn take(&mut self, id: u32) -> Progress {
        self.ids.push(id);
        let is_eos = self.eos_token_ids.contains(&id);
        let mut text = String::new();
        let mut stop = is_eos.then_some(StopReason::Eos);
        if let Some(writer) = self.writer.as_mut().filter(|_| !is_eos)
            && writer.push(id, &mut text)
        {
            stop = Some(StopReason::StopString);
        }
        if stop.is_none() && self.ids.len() == self.capacity() {
            stop = Some(StopReason::Length);
        }
        if let (Some(writer), Some(StopReason::Eos | StopReason::Length)) = (&mut self.writer, stop) {
            text.push_str(&writer.finish());
        }
        Progress::Token { id, text, stop }
    }

    /// The result. Its times are zero: this module has no clock.
    #[must_use]
    pub fn finish(mut self, stop_reason: StopReason) -> Finished {
        let ids = self.ids.split_off(self.prompt_len);
        let timings = Timings { prompt_tokens: self.prompt_len, generated_tokens: ids.len(), ..Timings::default() };
        let text = self.writer.map(|mut writer| {
            if stop_reason == StopReason::Cancelled {
                writer.finish();
            }
            writer.text
        });
        let prompt_logits = match self.logits {
            Logits::Kept(logits) => Some(logits),
            Logits::Unwanted | Logits::Wanted => None,
        };
        Finished { ids, text, stop_reason, timings, prompt_logits }
    }
}

impl Writer {
    /// Appends what a token completes to `shown`. `true` if a stop string was reached.
    fn push(&mut self, id: u32, shown: &mut String) -> bool {
        let piece = self.stream.push(id);
        let (text, stopped) = match self.stop.push(&piece) {
            Scan::Going(text) => (text, false),
            Scan::Stopped(text) => (text, true),
        };
        self.text.push_str(&text);
        shown.push_str(&text);
        stopped
    }

    /// Gives back what was held: an incomplete character, and what looked like the beginning of a stop string.
    fn finish(&mut self) -> String {
        let mut rest = self.stop.finish();
        rest.push_str(&self.stream.finish());
        self.text.push_str(&rest);
        rest
    }
}
