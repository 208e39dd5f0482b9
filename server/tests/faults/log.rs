//! The emulator's log, read into what the auditor works from: every send that a bot attempted, and what became of it.

use std::collections::HashMap;

use maskarad_testbed::{Bot, ChatId, Fault, MessageId, Outcome, RequestRecord, Sent, Testbed, ThreadId, UserId};
use serde_json::Value;

/// A `sendMessage` call.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// Rises over all calls of all bots.
    pub(crate) number: u64,
    /// By whom.
    pub(crate) bot: UserId,
    /// Where to.
    pub(crate) chat: ChatId,
    /// The message that it says it answers.
    pub(crate) answers: Option<MessageId>,
    /// What it says.
    pub(crate) text: String,
    /// The message that came of it, whether or not the bot ever heard so.
    pub(crate) accepted: Option<Accepted>,
    /// What was answered.
    pub(crate) outcome: Outcome,
    /// The scripted fault that befell it.
    pub(crate) fault: Option<Fault>,
}

/// A message that people see.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accepted {
    /// In which topic it stands.
    pub(crate) thread: Option<ThreadId>,
}

/// What identifies an answer however often it is sent: whose, where, to what.
pub(crate) type AnswerKey = (UserId, ChatId, Option<MessageId>);

impl Attempt {
    /// What identifies it.
    pub(crate) fn key(&self) -> AnswerKey {
        (self.bot, self.chat, self.answers)
    }

    /// Whether the bot can't know what became of it.
    pub(crate) fn is_unknown(&self) -> bool {
        match self.outcome {
            Outcome::Open | Outcome::Dropped | Outcome::AnswerLost(_) => true,
            // A gateway that gave up waiting may have passed the message on.
            Outcome::Answered(status) => status == 504 || self.fault == Some(Fault::Malformed),
        }
    }

    /// Whether it was refused for good: the message it answers will get nothing.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.outcome, Outcome::Answered(400 | 403))
    }
}

/// Every attempt of these bots since a call, in order.
pub(crate) fn attempts(tg: &Testbed, bots: &[Bot], since: u64) -> Vec<Attempt> {
    let sent: HashMap<(UserId, ChatId, MessageId), Sent> = bots
        .iter()
        .flat_map(|bot| tg.sent_by(bot))
        .map(|sent| ((sent.bot, sent.chat_id, sent.message_id), sent))
        .collect();
    let sends = tg.requests_since(since).into_iter().filter(|request| request.method == "sendMessage");
    sends.map(|request| attempt(request, &sent)).collect()
}

fn attempt(request: RequestRecord, sent: &HashMap<(UserId, ChatId, MessageId), Sent>) -> Attempt {
    let chat = ChatId(request.params.get("chat_id").and_then(integer).unwrap_or_default());
    let accepted = request.message.and_then(|message| sent.get(&(request.bot, chat, message)));
    Attempt {
        number: request.sequence,
        bot: request.bot,
        chat,
        answers: request.params.get("reply_parameters").and_then(answered),
        text: request.params.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
        accepted: accepted.map(|sent| Accepted { thread: sent.thread }),
        outcome: request.outcome,
        fault: request.fault,
    }
}

/// A structure comes as JSON, or as a text that holds JSON.
fn answered(parameters: &Value) -> Option<MessageId> {
    match parameters {
        Value::String(text) => answered(&serde_json::from_str(text).ok()?),
        parameters => parameters.get("message_id").and_then(integer).map(MessageId),
    }
}

fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
