//! Text completions.

use serde::Serialize;
use utoipa::ToSchema;

use super::requests::{self, Prompt};
use super::{Admitted, Usage};
use crate::api::error::ApiError;
use crate::api::{Api, ask};
use crate::prompt::Side;

/// What is answered.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct TextCompletion {
    id: String,
    object: &'static str,
    created: i64,
    model: String,
    choices: Vec<TextChoice>,
    usage: Usage,
}

#[derive(Serialize, ToSchema)]
struct TextChoice {
    index: usize,
    text: String,
    #[schema(value_type = Option<bool>, required)]
    logprobs: Option<()>,
    finish_reason: &'static str,
}

pub(super) fn admit(api: &Api, request: &requests::Completions) -> Result<Admitted, ApiError> {
    let prompt = match &request.prompt {
        Prompt::One(prompt) => prompt,
        Prompt::Several(prompts) => match prompts.as_slice() {
            [prompt] => prompt,
            _ => return Err(ApiError::invalid("prompt", "send one prompt in a request")),
        },
    };
    api.admit(&request.common, &ask::turns([(Side::Others, prompt.clone())]), "cmpl")
}

pub(super) async fn answer(api: &Api, admitted: &Admitted) -> Result<TextCompletion, ApiError> {
    let (choices, usage) = admitted.choices(api).await?;
    let choices = choices.into_iter().enumerate().map(|(index, choice)| TextChoice {
        index,
        text: choice.text,
        logprobs: None,
        finish_reason: choice.finish_reason,
    });
    Ok(TextCompletion {
        id: admitted.id.clone(),
        object: "text_completion",
        created: admitted.created,
        model: admitted.model.clone(),
        choices: choices.collect(),
        usage,
    })
}
