//! Answers as server-sent events, in OpenAI's chunks. A client that goes away frees its places.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream, StreamExt};
use serde_json::{Value, json};

use super::{Admitted, Choice, Usage};
use crate::api::Api;
use crate::api::admission::Place;
use crate::api::error::ApiError;
use crate::api::pieces::{Piece, pieces};
use crate::live::Character;

/// How often a silent stream says that it lives.
const ALIVE: Duration = Duration::from_secs(10);

/// How the two kinds of stream differ.
pub(super) struct Shape {
    object: &'static str,
    /// A choice with more text.
    more: fn(&str) -> Value,
    /// A choice before its text.
    begin: Option<fn() -> Value>,
    /// A choice without text, at its end.
    end: fn() -> Value,
}

/// `chat.completion.chunk`.
pub(super) const CHAT: Shape = Shape {
    object: "chat.completion.chunk",
    more: |text| json!({ "delta": { "content": text } }),
    begin: Some(|| json!({ "delta": { "role": "assistant", "content": "" } })),
    end: || json!({ "delta": {} }),
};

/// `text_completion`.
pub(super) const TEXT: Shape = Shape {
    object: "text_completion",
    more: |text| json!({ "text": text }),
    begin: None,
    end: || json!({ "text": "" }),
};

/// What the chunks of one answer have in common.
struct Chunks {
    id: String,
    created: i64,
    model: String,
    shape: &'static Shape,
    usage: bool,
}

impl Chunks {
    fn choice(&self, index: usize, content: Value, finish_reason: Option<&str>) -> Value {
        let mut choice = json!({ "index": index, "logprobs": null, "finish_reason": finish_reason });
        if let (Value::Object(choice), Value::Object(content)) = (&mut choice, content) {
            choice.extend(content);
        }
        self.chunk(&json!([choice]), None)
    }

    fn chunk(&self, choices: &Value, usage: Option<Usage>) -> Value {
        let mut chunk = json!({
            "id": self.id, "object": self.shape.object, "created": self.created, "model": self.model, "choices": choices,
        });
        if self.usage {
            chunk["usage"] = json!(usage);
        }
        chunk
    }
}

/// An answer of one or several choices, as it is told.
struct Telling {
    chunks: Chunks,
    character: Arc<Character>,
    /// What was told of each choice.
    told: Vec<String>,
    /// Choices that go on.
    open: usize,
    prompt_tokens: usize,
    tokens: usize,
    /// Kept until the last word.
    _place: Place,
}

impl Telling {
    fn begin(&self) -> Vec<String> {
        let Some(begin) = self.chunks.shape.begin else { return Vec::new() };
        (0..self.told.len()).map(|index| self.chunks.choice(index, begin(), None).to_string()).collect()
    }

    /// The data of the events that a piece makes.
    fn piece(&mut self, index: usize, piece: Piece) -> Vec<String> {
        match piece {
            // Another choice broke, and the client was told.
            _ if self.open == 0 => Vec::new(),
            Piece::Text(text) => {
                self.told[index].push_str(&text);
                vec![self.more(index, &text)]
            }
            Piece::End(Ok(said)) => self.end(index, &Choice::of(&said, &self.character)),
            Piece::End(Err(unsaid)) => {
                self.open = 0;
                vec![ApiError::from(unsaid).json().to_string()]
            }
        }
    }

    fn more(&self, index: usize, text: &str) -> String {
        self.chunks.choice(index, (self.chunks.shape.more)(text), None).to_string()
    }

    fn end(&mut self, index: usize, choice: &Choice) -> Vec<String> {
        // What was told of a text that turned out to be unfit is no beginning of the fallback.
        let rest = choice.text.strip_prefix(&self.told[index]).filter(|rest| !rest.is_empty());
        let mut data: Vec<String> = rest.map(|rest| self.more(index, rest)).into_iter().collect();
        data.push(self.chunks.choice(index, (self.chunks.shape.end)(), Some(choice.finish_reason)).to_string());
        self.tokens += choice.tokens;
        self.open -= 1;
        if self.open == 0 {
            if self.chunks.usage {
                let usage = Usage::of(self.prompt_tokens, self.tokens);
                data.push(self.chunks.chunk(&json!([]), Some(usage)).to_string());
            }
            data.push("[DONE]".to_owned());
        }
        data
    }
}

/// Answers piece by piece.
pub(super) fn answer(
    api: &Api,
    admitted: Admitted,
    shape: &'static Shape,
    usage: bool,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let Admitted { asked, n, place, model, id, created } = admitted;
    let choices: Vec<_> =
        (0..n).map(|index| pieces(asked.speech(api, index)).map(move |piece| (index, piece)).boxed()).collect();
    let mut telling = Telling {
        chunks: Chunks { id, created, model, shape, usage },
        character: asked.character,
        told: vec![String::new(); n],
        open: n,
        prompt_tokens: asked.prompt.len(),
        tokens: 0,
        _place: place,
    };
    let begin = telling.begin();
    let told = stream::select_all(choices).map(move |(index, piece)| telling.piece(index, piece));
    let data = stream::iter([begin]).chain(told).flat_map(stream::iter);
    Sse::new(data.map(|data| Ok(Event::default().data(data)))).keep_alive(KeepAlive::new().interval(ALIVE))
}
