//! Faults that a test scripts: what goes wrong, for which calls, how often.
//! Deciding is here; doing it to a connection is `http`'s.

use std::{collections::HashMap, time::Duration};

use crate::{
    error::ApiError,
    handles::Bot,
    ids::{ChatId, UserId},
};

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429 with `parameters.retry_after`.
    TooManyRequests {
        /// Seconds.
        retry_after: u32,
    },
    /// 403.
    Forbidden(ForbiddenKind),
    /// 400.
    BadRequest(BadRequestKind),
    /// 500, 502 and the like.
    ServerError(u16),
    /// 401, as for a revoked token.
    Unauthorized,
    /// 409, as if another poller had come.
    Conflict,
    /// The connection is cut before anything was done.
    DropConnection,
    /// The call is carried out after this time, unless the caller is gone by then.
    Held(Duration),
    /// The call is carried out at once and answered after this time.
    Slow(Duration),
    /// The call is carried out, then the connection is cut without an answer.
    LostAnswer,
    /// 200 with a body that is no JSON; the call is not carried out.
    Malformed,
}

/// Why a chat can't be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForbiddenKind {
    /// The user blocked the bot.
    Blocked,
    /// The bot was removed from the group.
    Kicked,
    /// The bot never was in the group, or left it.
    NotAMember,
    /// The user never started the bot.
    CantInitiate,
    /// The user deleted the account.
    Deactivated,
}

impl ForbiddenKind {
    fn description(self) -> &'static str {
        match self {
            Self::Blocked => "bot was blocked by the user",
            Self::Kicked => "bot was kicked from the supergroup chat",
            Self::NotAMember => "bot is not a member of the supergroup chat",
            Self::CantInitiate => "bot can't initiate conversation with a user",
            Self::Deactivated => "user is deactivated",
        }
    }
}

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadRequestKind {
    /// The topic is gone.
    ThreadNotFound,
    /// The message being answered is gone.
    ReplyNotFound,
    /// Nothing but spaces.
    Empty,
    /// More than 4096 UTF-16 units.
    TooLong,
    /// No such chat.
    ChatNotFound,
    /// Any other text after `Bad Request: `.
    Other(String),
}

impl BadRequestKind {
    fn description(&self) -> String {
        match self {
            Self::ThreadNotFound => "message thread not found",
            Self::ReplyNotFound => "message to be replied not found",
            Self::Empty => "message text is empty",
            Self::TooLong => "message is too long",
            Self::ChatNotFound => "chat not found",
            Self::Other(text) => text,
        }
        .to_owned()
    }
}

impl Fault {
    /// The error that stands in for the answer, if this fault is one of those.
    pub(crate) fn api_error(&self) -> Option<ApiError> {
        Some(match self {
            Self::TooManyRequests { retry_after } => ApiError::TooManyRequests { retry_after: *retry_after },
            Self::Forbidden(kind) => ApiError::Forbidden(kind.description().to_owned()),
            Self::BadRequest(kind) => ApiError::BadRequest(kind.description()),
            Self::ServerError(code) => ApiError::Server(*code),
            Self::Unauthorized => ApiError::Unauthorized,
            Self::Conflict => ApiError::OtherPoller,
            Self::DropConnection | Self::Held(_) | Self::Slow(_) | Self::LostAnswer | Self::Malformed => {
                return None;
            }
        })
    }
}

/// A fault and the calls it befalls: any call, unless narrowed; for ever, unless counted.
#[derive(Clone, Debug)]
pub struct FaultSpec {
    pub(crate) fault: Fault,
    bot: Option<UserId>,
    method: Option<String>,
    chat: Option<ChatId>,
    skip: u32,
    times: Option<u32>,
}

impl FaultSpec {
    /// A fault for every call until cleared.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self { fault, bot: None, method: None, chat: None, skip: 0, times: None }
    }

    /// Only calls of this bot.
    #[must_use]
    pub fn bot(mut self, bot: &Bot) -> Self {
        self.bot = Some(bot.id());
        self
    }

    /// Only calls of this method, in any case.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_lowercase());
        self
    }

    /// Only calls whose `chat_id` is this one.
    #[must_use]
    pub fn chat(mut self, chat: impl Into<ChatId>) -> Self {
        self.chat = Some(chat.into());
        self
    }

    /// Lets the first `calls` matching calls through.
    #[must_use]
    pub fn skip(mut self, calls: u32) -> Self {
        self.skip = calls;
        self
    }

    /// Befalls this many calls and then no more.
    #[must_use]
    pub fn times(mut self, calls: u32) -> Self {
        self.times = Some(calls);
        self
    }
}

/// A call as far as faults look at it.
pub(crate) struct Call<'a> {
    pub(crate) bot: UserId,
    pub(crate) method: &'a str,
    pub(crate) chat: Option<ChatId>,
}

/// All scripted faults, oldest first; the first that matches wins.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Vec<Active>,
    /// How often each fault fired that is over: every call looks at the active ones only.
    over: HashMap<u64, u32>,
    next_id: u64,
}

#[derive(Debug)]
struct Active {
    id: u64,
    spec: FaultSpec,
    fired: u32,
}

impl Faults {
    pub(crate) fn add(&mut self, spec: FaultSpec) -> u64 {
        self.next_id += 1;
        self.active.push(Active { id: self.next_id, spec, fired: 0 });
        self.next_id
    }

    pub(crate) fn clear(&mut self, id: u64) {
        self.end(|active| active.id == id);
    }

    pub(crate) fn clear_all(&mut self) {
        self.end(|_| true);
    }

    pub(crate) fn fired(&self, id: u64) -> u32 {
        let active = self.active.iter().find(|active| active.id == id).map(|active| active.fired);
        active.or_else(|| self.over.get(&id).copied()).unwrap_or(0)
    }

    pub(crate) fn strike(&mut self, call: &Call<'_>) -> Option<Fault> {
        let fault = self.active.iter_mut().find_map(|active| active.strike(call));
        self.end(Active::is_spent);
        fault
    }

    fn end(&mut self, which: impl Fn(&Active) -> bool) {
        for ended in self.active.extract_if(.., |active| which(active)) {
            self.over.insert(ended.id, ended.fired);
        }
    }
}

impl Active {
    fn is_spent(&self) -> bool {
        self.spec.times.is_some_and(|times| self.fired >= times)
    }

    fn strike(&mut self, call: &Call<'_>) -> Option<Fault> {
        let spec = &mut self.spec;
        let matches = spec.times != Some(0)
            && spec.bot.is_none_or(|bot| bot == call.bot)
            && spec.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(call.method))
            && spec.chat.is_none_or(|chat| Some(chat) == call.chat);
        if !matches {
            return None;
        }
        if spec.skip > 0 {
            spec.skip -= 1;
            return None;
        }
        self.fired += 1;
        Some(spec.fault.clone())
    }
}
