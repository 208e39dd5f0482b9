//! What is asked of a persona: turns and settings, checked and put together as they are for a chat.

use std::sync::Arc;

use maskarad_engine::{GenerationConfig, MAX_NEW_TOKENS};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Api;
use super::error::ApiError;
use crate::chat::PersonaName;
use crate::live::{Character, Speaker};
use crate::prompt::{Side, Turn};
use crate::speech::Speech;

/// The most turns a request may bring; a window of 2,048 tokens holds a hundred or so.
const MOST_TURNS: usize = 500;
/// The most replies one request may ask for.
const MOST_REPLIES: usize = 8;
/// The most strings that may end a reply, as with OpenAI.
const MOST_STOPS: usize = 4;
/// The longest of those, in characters.
const LONGEST_STOP: usize = 64;

/// What may be other than the manifest says, by Hugging Face's names.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    /// Tokens of the reply at most.
    #[schema(minimum = 1, maximum = 128)]
    pub(super) max_new_tokens: Option<usize>,
    /// Whether tokens are drawn by their probability; the likeliest are taken otherwise.
    pub(super) do_sample: Option<bool>,
    /// Divides the logits: lower is safer, higher is wilder; 0 takes the likeliest tokens.
    #[schema(minimum = 0)]
    pub(super) temperature: Option<f32>,
    /// Draws from so many of the likeliest tokens; 0 from all.
    #[schema(minimum = 0)]
    pub(super) top_k: Option<usize>,
    /// Draws from the smallest set with this probability.
    #[schema(minimum = 0, maximum = 1)]
    pub(super) top_p: Option<f32>,
    /// Makes tokens that were there less likely; 1 does nothing.
    #[schema(exclusive_minimum = 0)]
    pub(super) repetition_penalty: Option<f32>,
    /// Never repeats so many tokens in a row; 0 forbids nothing.
    #[schema(minimum = 0)]
    pub(super) no_repeat_ngram_size: Option<usize>,
    /// Any of these ends the reply.
    #[schema(max_items = 4)]
    pub(super) stop_strings: Vec<String>,
    /// The same seed gives the same words.
    pub(super) seed: Option<i64>,
}

/// Names of the settings as the request calls them, for errors.
#[derive(Clone, Copy)]
pub(super) struct Names {
    pub(super) max_new_tokens: &'static str,
    pub(super) stop_strings: &'static str,
}

/// A persona that is to speak, and what to.
pub(super) struct Asked {
    speaker: Arc<Speaker>,
    pub(super) character: Arc<Character>,
    pub(super) prompt: Vec<u32>,
    generation: GenerationConfig,
}

impl Api {
    /// A persona by the name that a request has.
    pub(super) fn speaker(&self, name: &str) -> Result<Arc<Speaker>, ApiError> {
        let speaker = PersonaName::parse(name).and_then(|name| self.app.speakers.get(&name));
        speaker.ok_or_else(|| ApiError::no_such_persona(name))
    }

    /// Puts a request together.
    pub(super) fn asked(
        &self,
        speaker: Arc<Speaker>,
        turns: &[Turn],
        settings: &Settings,
        names: Names,
    ) -> Result<Asked, ApiError> {
        if turns.len() > MOST_TURNS {
            return Err(ApiError::invalid("messages", format!("there are more than {MOST_TURNS}")));
        }
        if !turns.iter().any(|turn| turn.asked && !turn.text.trim().is_empty()) {
            return Err(ApiError::invalid("messages", "the last message says nothing; there is nothing to answer"));
        }
        let character = speaker.character();
        let generation = self.generation(&character, settings, names)?;
        let prompt = character.voice.prompt(&character.persona, turns).map_err(|error| {
            tracing::warn!(persona = %speaker.name, %error, "a prompt can't be made");
            ApiError::internal()
        })?;
        Ok(Asked { speaker, character, prompt, generation })
    }

    fn generation(
        &self,
        character: &Character,
        settings: &Settings,
        names: Names,
    ) -> Result<GenerationConfig, ApiError> {
        let seed = settings.seed.unwrap_or_else(|| self.app.dice.seed());
        let mut generation = character.voice.generation(seed.cast_unsigned());
        if let Some(most) = settings.max_new_tokens {
            if !(1..=MAX_NEW_TOKENS).contains(&most) {
                let message = format!("{most} is not from 1 to {MAX_NEW_TOKENS}");
                return Err(ApiError::invalid(names.max_new_tokens, message));
            }
            generation.max_new_tokens = most.min(character.voice.window().max_new_tokens);
        }
        check_stops(&settings.stop_strings, names)?;
        generation.stop_strings.extend(settings.stop_strings.iter().cloned());
        generation.do_sample = settings.do_sample.unwrap_or(generation.do_sample);
        // OpenAI's clients ask for the likeliest tokens by a temperature of 0.
        if let Some(temperature) = settings.temperature {
            generation.do_sample = temperature != 0.0 && settings.do_sample.unwrap_or(true);
            generation.temperature = if temperature == 0.0 { generation.temperature } else { temperature };
        }
        generation.top_k = settings.top_k.unwrap_or(generation.top_k);
        generation.top_p = settings.top_p.unwrap_or(generation.top_p);
        generation.repetition_penalty = settings.repetition_penalty.unwrap_or(generation.repetition_penalty);
        generation.no_repeat_ngram_size = settings.no_repeat_ngram_size.unwrap_or(generation.no_repeat_ngram_size);
        generation.validate().map_err(|invalid| ApiError::invalid(invalid.field, invalid.to_string()))?;
        Ok(generation)
    }
}

impl Asked {
    /// The `index`th of several replies to the same; each has a seed of its own, and the first that of a single one.
    pub(super) fn speech(&self, api: &Api, index: usize) -> Speech {
        let mut generation = self.generation.clone();
        // Far apart, for further attempts count on by one.
        generation.seed = generation.seed.wrapping_add((index as u64) << 32);
        Speech {
            app: Arc::clone(&api.app),
            speaker: Arc::clone(&self.speaker),
            character: Arc::clone(&self.character),
            job: 0,
            prompt: self.prompt.clone(),
            generation,
            directed: true,
            overheard: true,
        }
    }
}

/// How many replies are asked for.
pub(super) fn replies(n: Option<usize>) -> Result<usize, ApiError> {
    match n.unwrap_or(1) {
        n @ 1..=MOST_REPLIES => Ok(n),
        n => Err(ApiError::invalid("n", format!("{n} is not from 1 to {MOST_REPLIES}"))),
    }
}

/// Turns of which the last is what is asked. What the persona said last itself is context: something else is to be answered.
pub(super) fn turns(said: impl IntoIterator<Item = (Side, String)>) -> Vec<Turn> {
    let mut turns: Vec<Turn> = said.into_iter().map(|(side, text)| Turn::earlier(side, text)).collect();
    if let Some(last) = turns.iter_mut().rfind(|turn| turn.side == Side::Others) {
        last.asked = true;
    }
    turns
}

fn check_stops(stops: &[String], names: Names) -> Result<(), ApiError> {
    if stops.len() > MOST_STOPS {
        return Err(ApiError::invalid(names.stop_strings, format!("there are more than {MOST_STOPS}")));
    }
    if stops.iter().any(|stop| stop.is_empty() || stop.chars().count() > LONGEST_STOP) {
        return Err(ApiError::invalid(names.stop_strings, format!("each has from 1 to {LONGEST_STOP} characters")));
    }
    Ok(())
}
