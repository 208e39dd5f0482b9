//! A call's parameters, whichever way they came. In a form everything is a string, in JSON it may have a type;
//! both must do.

use serde_json::{Map, Value};

use crate::{
    error::ApiError,
    ids::{ChatId, MessageId, ThreadId},
};

/// The merged parameters of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(pub(crate) Map<String, Value>);

impl Params {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        as_integer(self.0.get(name)?)
    }

    pub(crate) fn flag(&self, name: &str) -> Flag {
        self.0.get(name).map_or(Flag::Off, Flag::of)
    }

    /// A structured parameter, unwrapped from its string if it came in one.
    pub(crate) fn structure(&self, name: &str) -> Result<Option<Value>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| ApiError::BadRequest(format!("can't parse {name} JSON object"))),
            Some(value) => Ok(Some(value.clone())),
        }
    }

    pub(crate) fn chat_id(&self) -> Option<ChatId> {
        self.integer("chat_id").map(ChatId)
    }

    pub(crate) fn thread_id(&self) -> Option<ThreadId> {
        self.integer("message_thread_id").filter(|id| *id != 0).map(ThreadId)
    }

    pub(crate) fn message_id(&self) -> Option<MessageId> {
        self.integer("message_id").map(MessageId)
    }
}

/// A yes or no of the Bot API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flag {
    On,
    Off,
}

impl Flag {
    pub(crate) fn of(value: &Value) -> Self {
        let on = match value {
            Value::Bool(on) => *on,
            Value::String(text) => matches!(text.to_lowercase().as_str(), "true" | "yes" | "1"),
            Value::Number(number) => number.as_i64() == Some(1),
            _ => false,
        };
        if on { Self::On } else { Self::Off }
    }
}

/// A number, or a string that is one.
pub(crate) fn as_integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}
