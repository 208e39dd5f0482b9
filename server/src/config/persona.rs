//! A persona as its manifest describes it, validated.

use std::path::PathBuf;

pub use maskarad_dialog::{Case, CharClass, CustomTemplate, LengthClass, PromptRules, Template};
use maskarad_engine::{GenerationConfig, Precision};

use crate::chat::{ChatId, Language, PersonaName, UserId};
use crate::config::secret::Secret;

/// One persona, ready to be served.
#[derive(Clone, Debug, PartialEq)]
pub struct Persona {
    /// Its unique name.
    pub name: PersonaName,
    /// What people see.
    pub display_name: String,
    /// The manifest file, for messages.
    pub source: PathBuf,
    /// Its bot token; without one it isn't in Telegram.
    pub token: Option<Secret>,
    /// How its updates come.
    pub updates: Updates,
    /// Its weights.
    pub model: ModelSpec,
    /// How turns become text for this checkpoint.
    pub template: Template,
    /// How text is generated; the seed is replaced for each job.
    pub generation: GenerationConfig,
    /// What makes it answer.
    pub triggers: Triggers,
    /// What a chat has until it says otherwise.
    pub chat_defaults: ChatDefaults,
    /// Who may change a group's settings.
    pub who_may_toggle: WhoMayToggle,
    /// Who may talk with it.
    pub access: Access,
    /// Who may `/block` and `/unblock`.
    pub owner: Option<UserId>,
    /// What is done to each text of a prompt.
    pub prompt: PromptRules,
    /// What is done to a generated text.
    pub reply: ReplyRules,
    /// What is cut from a reply, or discards it.
    pub filter: Filter,
}

/// How a persona's updates come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Updates {
    /// It asks for them.
    #[default]
    Polling,
    /// Telegram brings them to the daemon's listener.
    Webhook,
}

/// Which weights, at which precision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSpec {
    /// Checkpoint folder, absolute or resolved against the manifest's folder.
    pub path: PathBuf,
    /// Folder of a LoRA adapter on it, likewise.
    pub adapter: Option<PathBuf>,
    /// `f32` or `int8`.
    pub precision: Precision,
}

/// What makes a persona answer, besides direct messages, mentions and replies.
#[derive(Clone, Debug, PartialEq)]
pub struct Triggers {
    /// Names it is called by, lower-cased.
    pub names: Vec<String>,
    /// Where in a message a name counts.
    pub names_match: NamesMatch,
}

/// Where in a message a name counts as a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamesMatch {
    /// At the start or the end.
    Edges,
    /// Anywhere, as a whole word.
    Anywhere,
}

/// What a chat has until it says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatDefaults {
    /// Answer everything in groups.
    pub insanity: bool,
    /// Probability of answering what nothing else triggers, 0 to 1 (`triggers.chance`).
    pub chance: f64,
    /// How many earlier messages the prompt holds, 0 to 50.
    pub context_length: u8,
    /// Language of the daemon's texts; `None`: that of the person, Russian where unknown.
    pub language: Option<Language>,
}

/// Who may change a group's settings and reset it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhoMayToggle {
    /// Administrators, anonymous ones included.
    Admins,
    /// Every member.
    Everyone,
}

/// Who may talk with a persona, and how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// In private.
    pub private: PrivateAccess,
    /// In which groups.
    pub groups: GroupAccess,
    /// Answers to one person in an hour, at most.
    pub per_user_hourly: u32,
    /// Answers in one chat in an hour, at most.
    pub per_chat_hourly: u32,
}

/// Who may write to a persona in private.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrivateAccess {
    /// Anybody.
    Everyone,
    /// Nobody.
    Nobody,
    /// These people (and the owner).
    Only(Vec<UserId>),
}

/// In which groups a persona stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupAccess {
    /// Any.
    Everyone,
    /// These; others are told once and left.
    Only(Vec<ChatId>),
}

/// What is done to a generated text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyRules {
    /// Where the reply begins.
    pub start_at: StartAt,
    /// Where it ends.
    pub cut: Cut,
    /// Literal replacements, in order (`@` to a line break for «бугурты»).
    pub replace: Vec<(String, String)>,
    /// Said when an addressed message gets no usable reply.
    pub fallback: String,
}

/// Where a reply begins in the generated text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// At its first character that isn't white space.
    Beginning,
    /// After the first line break, at the first Cyrillic letter (`prompt_reply`).
    FirstCyrillicAfterNewline,
    /// At the first Cyrillic letter.
    FirstCyrillic,
}

/// Where a reply ends, besides eos and the template's stop strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nowhere.
    Nothing,
    /// After the first `.`, `!` or `?`.
    FirstSentence,
    /// Before the first line break.
    FirstLine,
}

/// What is cut from a reply before it is sent, or discards it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A reply with one of these words (lower-cased, whole words) is discarded.
    pub words: Vec<String>,
    /// Links stay.
    pub allow_links: bool,
    /// Phone numbers stay.
    pub allow_phone_numbers: bool,
}
