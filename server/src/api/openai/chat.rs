//! Chat completions.

use serde::Serialize;
use utoipa::ToSchema;

use super::requests::{self, Role};
use super::{Admitted, Usage};
use crate::api::error::ApiError;
use crate::api::{Api, ask};
use crate::prompt::Side;

/// What is answered.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct ChatCompletion {
    id: String,
    object: &'static str,
    created: i64,
    model: String,
    choices: Vec<ChatChoice>,
    usage: Usage,
}

#[derive(Serialize, ToSchema)]
struct ChatChoice {
    index: usize,
    message: AssistantMessage,
    #[schema(value_type = Option<bool>, required)]
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Serialize, ToSchema)]
struct AssistantMessage {
    role: &'static str,
    content: String,
    #[schema(value_type = Option<bool>, required)]
    refusal: Option<()>,
}

/// Checks a request. What a system message says is context, as if somebody had said it before: a persona follows no orders.
pub(super) fn admit(api: &Api, request: &requests::Chat) -> Result<Admitted, ApiError> {
    let mut said = Vec::new();
    for message in &request.messages {
        let side = match message.role {
            Role::System | Role::Developer | Role::User => Side::Others,
            Role::Assistant => Side::Persona,
        };
        let text = message.content.as_ref().map(requests::Content::text).transpose()?;
        said.push((side, text.unwrap_or_default()));
    }
    if !matches!(request.messages.last().map(|message| message.role), Some(Role::User)) {
        return Err(ApiError::invalid(
            "messages",
            "the last message must be the user's: it is what the persona answers",
        ));
    }
    api.admit(&request.common, &ask::turns(said), "chatcmpl")
}

pub(super) async fn answer(api: &Api, admitted: &Admitted) -> Result<ChatCompletion, ApiError> {
    let (choices, usage) = admitted.choices(api).await?;
    let choices = choices.into_iter().enumerate().map(|(index, choice)| ChatChoice {
        index,
        message: AssistantMessage { role: "assistant", content: choice.text, refusal: None },
        logprobs: None,
        finish_reason: choice.finish_reason,
    });
    Ok(ChatCompletion {
        id: admitted.id.clone(),
        object: "chat.completion",
        created: admitted.created,
        model: admitted.model.clone(),
        choices: choices.collect(),
        usage,
    })
}
