//! The formats that checkpoints were trained on, and what each puts around the turns. Knows no tokenizer.

use serde::{Deserialize, Serialize};

/// How turns become the text this checkpoint was trained on; DESIGN's table of formats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// `<s>PROMPT: {text}`, the model writes `\nREPLY: …` itself: the newest turn only.
    PromptReply,
    /// `|0|{len}|{text}</s>|1|{len}|`
    Rudialogpt3 {
        /// Length class announced for the answer.
        answer_length: LengthClass,
    },
    /// `@@ПЕРВЫЙ@@ text @@ВТОРОЙ@@ text … @@ВТОРОЙ@@`; the persona is ВТОРОЙ.
    Rudialogpt,
    /// The text itself.
    Continuation,
    /// Given in the manifest.
    Custom(CustomTemplate),
}

/// Length classes of `rudialogpt3`: up to 15, 50, 256 tokens, and longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthClass {
    /// `1`: at most 15 tokens.
    Short,
    /// `2`: at most 50 tokens.
    Medium,
    /// `3`: at most 256 tokens.
    Long,
    /// `-`: longer.
    Unbounded,
}

/// A template of the manifest's own: `prefix + text + separator` for each turn, then `answer_prefix`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CustomTemplate {
    /// Text before everything.
    pub start: String,
    /// Before a turn of the others.
    pub user_prefix: String,
    /// Before a turn of the persona.
    pub persona_prefix: String,
    /// After each turn.
    pub separator: String,
    /// Where the model goes on.
    pub answer_prefix: String,
    /// What ends a reply, besides eos.
    pub stop_strings: Vec<String>,
    /// How many of the newest turns the format has room for; `None` for no limit.
    pub max_turns: Option<usize>,
}

impl Template {
    /// Tokens that checkpoints of this template have for it.
    #[must_use]
    pub fn tokens(&self) -> &'static [&'static str] {
        match self {
            Self::PromptReply => &["<s>"],
            Self::Rudialogpt3 { .. } => &["</s>"],
            Self::Rudialogpt => &["@@ПЕРВЫЙ@@", "@@ВТОРОЙ@@"],
            Self::Continuation | Self::Custom(_) => &[],
        }
    }

    /// How many of the newest messages the format has room for.
    pub(crate) fn max_turns(&self) -> Option<usize> {
        match self {
            Self::PromptReply => Some(1),
            Self::Custom(CustomTemplate { max_turns, .. }) => *max_turns,
            Self::Rudialogpt3 { .. } | Self::Rudialogpt | Self::Continuation => None,
        }
    }

    /// Text before everything.
    pub(crate) fn start(&self) -> &str {
        match self {
            Self::PromptReply => "<s>PROMPT: ",
            Self::Custom(custom) => &custom.start,
            Self::Rudialogpt3 { .. } | Self::Rudialogpt | Self::Continuation => "",
        }
    }

    /// Text after a turn.
    pub(crate) fn after(&self, is_last: bool) -> &str {
        match self {
            Self::Rudialogpt3 { .. } => "</s>",
            Self::Rudialogpt => " ",
            Self::Custom(custom) => &custom.separator,
            Self::PromptReply | Self::Continuation => {
                debug_assert!(is_last, "these formats hold one turn");
                ""
            }
        }
    }

    /// Text after which the persona speaks.
    pub(crate) fn answer(&self) -> String {
        match self {
            Self::PromptReply | Self::Continuation => String::new(),
            Self::Rudialogpt3 { answer_length } => format!("|1|{}|", answer_length.as_char()),
            Self::Rudialogpt => "@@ВТОРОЙ@@".to_owned(),
            Self::Custom(custom) => custom.answer_prefix.clone(),
        }
    }

    /// Whether all answers of a dialogue can be learned from one text: past turns are written as they were when they were
    /// answers, and none is out of the format's reach.
    pub(crate) fn holds_dialogues(&self) -> bool {
        let like_answers = match self {
            Self::Custom(custom) => custom.persona_prefix.starts_with(&custom.answer_prefix),
            _ => true,
        };
        like_answers && self.max_turns().is_none()
    }

    /// What ends a reply besides the end of text: the other speaker's marker, and what a manifest says.
    pub(crate) fn stop_markers(&self) -> Vec<&str> {
        match self {
            Self::PromptReply => vec!["<s>"],
            Self::Rudialogpt3 { .. } => vec!["|0|"],
            Self::Rudialogpt => vec!["@@ПЕРВЫЙ@@"],
            Self::Continuation => Vec::new(),
            Self::Custom(custom) => {
                let speaker = Some(custom.user_prefix.trim()).filter(|speaker| speaker.chars().count() > 1);
                custom.stop_strings.iter().map(String::as_str).chain(speaker).collect()
            }
        }
    }
}

impl LengthClass {
    /// The class of a text with so many tokens.
    pub(crate) fn of(tokens: usize) -> Self {
        match tokens {
            0..=15 => Self::Short,
            16..=50 => Self::Medium,
            51..=256 => Self::Long,
            _ => Self::Unbounded,
        }
    }

    pub(crate) fn as_char(self) -> char {
        match self {
            Self::Short => '1',
            Self::Medium => '2',
            Self::Long => '3',
            Self::Unbounded => '-',
        }
    }
}
