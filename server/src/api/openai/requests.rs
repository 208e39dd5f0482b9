//! What OpenAI's clients send, as far as a persona can do it.

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::ask::{Names, Settings};
use crate::api::error::ApiError;

/// What OpenAI calls the settings.
pub(super) const NAMES: Names = Names { max_new_tokens: "max_tokens", stop_strings: "stop" };

/// What both kinds of request have in common.
#[derive(Deserialize, ToSchema)]
pub(super) struct Common {
    pub(super) model: String,
    #[serde(default)]
    pub(super) stream: bool,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    #[schema(minimum = 1, maximum = 128)]
    max_tokens: Option<usize>,
    #[serde(default)]
    #[schema(minimum = 1, maximum = 128)]
    max_completion_tokens: Option<usize>,
    #[serde(default)]
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f32>,
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    top_p: Option<f32>,
    #[serde(default)]
    stop: Option<Stop>,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    #[schema(minimum = 1, maximum = 8)]
    pub(super) n: Option<usize>,
    /// What we have no use for, or can't do.
    #[serde(flatten)]
    #[schema(ignore)]
    other: serde_json::Map<String, Value>,
}

#[derive(Deserialize, ToSchema)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Clone, Deserialize, ToSchema)]
#[serde(untagged)]
enum Stop {
    One(String),
    Several(Vec<String>),
}

/// `POST /v1/chat/completions`.
#[derive(Deserialize, ToSchema)]
pub(in crate::api) struct Chat {
    pub(super) messages: Vec<Message>,
    #[serde(flatten)]
    pub(super) common: Common,
}

/// One message of a chat.
#[derive(Deserialize, ToSchema)]
pub(super) struct Message {
    pub(super) role: Role,
    #[serde(default)]
    pub(super) content: Option<Content>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    System,
    Developer,
    User,
    Assistant,
}

#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Part {
    r#type: String,
    #[serde(default)]
    text: String,
}

/// `POST /v1/completions`.
#[derive(Deserialize, ToSchema)]
pub(in crate::api) struct Completions {
    pub(super) prompt: Prompt,
    #[serde(flatten)]
    pub(super) common: Common,
}

#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Prompt {
    One(String),
    Several(Vec<String>),
}

/// Told to us about the request, which changes nothing of the reply.
const OF_NO_CONSEQUENCE: [&str; 5] = ["user", "metadata", "store", "service_tier", "safety_identifier"];

impl Common {
    /// Whether a stream is to end with the usage.
    pub(super) fn wants_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage)
    }

    /// The settings in our own words.
    ///
    /// # Errors
    /// Whatever is asked for that a persona can't do.
    pub(super) fn settings(&self) -> Result<Settings, ApiError> {
        for (name, value) in &self.other {
            if !changes_nothing(name, value) {
                let message = "is not something that a persona can do; leave it out";
                return Err(ApiError::invalid(name.clone(), message));
            }
        }
        if self.temperature.is_some_and(|temperature| !(0.0..=2.0).contains(&temperature)) {
            return Err(ApiError::invalid("temperature", "is a number from 0 to 2"));
        }
        let stop_strings = match self.stop.clone() {
            None => Vec::new(),
            Some(Stop::One(stop)) => vec![stop],
            Some(Stop::Several(stops)) => stops,
        };
        Ok(Settings {
            max_new_tokens: self.max_completion_tokens.or(self.max_tokens),
            temperature: self.temperature,
            top_p: self.top_p,
            stop_strings,
            seed: self.seed,
            ..Settings::default()
        })
    }
}

/// Whether a key says what is so anyway.
fn changes_nothing(name: &str, value: &Value) -> bool {
    match name {
        _ if value.is_null() || OF_NO_CONSEQUENCE.contains(&name) => true,
        "frequency_penalty" | "presence_penalty" => value.as_f64() == Some(0.0),
        "logprobs" | "echo" => value == &Value::Bool(false),
        "best_of" => value.as_u64() == Some(1),
        "response_format" => value["type"] == "text",
        "modalities" => value == &serde_json::json!(["text"]),
        "logit_bias" => value.as_object().is_some_and(serde_json::Map::is_empty),
        "tools" | "functions" => value.as_array().is_some_and(Vec::is_empty),
        _ => false,
    }
}

impl Content {
    /// The text.
    ///
    /// # Errors
    /// Pictures and sounds, which no persona perceives.
    pub(super) fn text(&self) -> Result<String, ApiError> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Parts(parts) if parts.iter().all(|part| part.r#type == "text") => {
                Ok(parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n"))
            }
            Self::Parts(_) => Err(ApiError::invalid("messages", "a persona reads text only")),
        }
    }
}
