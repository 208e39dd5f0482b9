//! A manifest as it is written: names, shapes, defaults and descriptions of its keys, from which the JSON Schema and
//! docs/MANIFESTS.md are made, too. Each value is checked by itself; what clashes is for `validate` to tell.

use maskarad_engine::{MAX_NEW_TOKENS, Precision};

use super::sections::{AboveZero, Callable, Probability, Share, Word};
use super::template::{Fallback, Template};
use super::token::{CredentialName, VariableName};
use super::validate::{AdapterFolder, CheckpointFolder, DisplayName};
use crate::chat::{Language, PersonaName, UserId};
use crate::config::declare::records;
use crate::config::numbers::{Real, Whole};
use crate::config::persona::{
    Case, Cut, GroupAccess, LengthClass, NamesMatch, PrivateAccess, StartAt, Updates, WhoMayToggle,
};
use crate::config::record::{Maybe, Required};
use crate::config::texts::{Filled, Text, Unchecked};

/// [`MAX_NEW_TOKENS`] as manifests count.
const MOST_NEW_TOKENS: i64 = MAX_NEW_TOKENS as i64;

records! {
    /// The whole file.
    struct Manifest {
        /// The key of everything the persona remembers, unique among all manifests. Renaming it makes it forget.
        name: Required<PersonaName>,
        /// What people see. By default the name.
        display_name: Option<Text<DisplayName>>,
        /// Where the bot token from @BotFather is; it is never written into the manifest. Exactly one of `env`, `credential` and
        /// `file` says so. Without `token` the persona isn't in Telegram.
        token: Maybe<Token>,
        /// How messages come. `polling` asks Telegram for them and works everywhere; with `webhook` Telegram brings them, for which
        /// the daemon needs `http.listen` and `telegram.webhook`. Switching loses nothing.
        updates: Updates = "polling",
        /// The weights.
        model: Model,
        /// How the dialog is written for the model; it must be what the checkpoint was trained on.
        ///
        /// - `prompt_reply`: `<s>PROMPT: text`, one message; the model writes `\nREPLY: answer` itself.
        /// - `rudialogpt3`: `|0|2|text</s>|1|2|`, as Grossmend/rudialogpt3 has it; `answer_length` asks for the length.
        /// - `rudialogpt`: `@@ПЕРВЫЙ@@ text @@ВТОРОЙ@@`, as tinkoff-ai/ruDialoGPT has it; the persona is ВТОРОЙ.
        /// - `continuation`: the text alone, for plain fine-tunes that go on with it.
        /// - `custom`: one of your own.
        template: Required<Template>,
        /// The length that `template: rudialogpt3` asks the model for, and no other template knows: `1`, up to 15 tokens; `2`, up
        /// to 50, the default there; `3`, up to 256; `"-"`, longer.
        answer_length: Maybe<LengthClass>,
        /// How text is generated. Names and meanings are those of Hugging Face.
        generation: Generation,
        /// What makes it answer in groups, besides mentions and replies to it. In private it answers everything.
        triggers: Triggers,
        /// What a chat has until it says otherwise by /insanity, /context and /language.
        chat_defaults: ChatDefaults,
        /// Who may change a group's settings and reset it.
        who_may_toggle: WhoMayToggle = "admins",
        /// Who may talk with it, and how much.
        access: Access,
        /// The id of the person who may /block and /unblock people. By default nobody may.
        owner: Option<UserId>,
        /// What is done to each message before it enters the prompt.
        prompt: Prompt,
        /// What is done to what the model wrote.
        reply: Reply,
        /// What is never sent. A reply with one of the words is made anew; links and phone numbers are cut out of it.
        filter: Filter,
    }

    /// Where the token is.
    struct Token {
        /// The environment variable that holds it.
        env: Option<Unchecked<VariableName>>,
        /// The file in `$CREDENTIALS_DIRECTORY` that holds it: systemd's `LoadCredential=`.
        credential: Option<Unchecked<CredentialName>>,
        /// The file that holds it, relative to the manifest. Not everybody may be able to read it. A reload reads it, too, which
        /// brings a new persona its token without a restart.
        file: Option<String>,
        /// What is named but isn't set is an error; with `true` the persona simply isn't in Telegram then.
        optional: bool = false,
    }

    struct Model {
        /// A checkpoint folder as Hugging Face's save_pretrained writes it, relative to the manifest. Personas with the same files
        /// and precision share one copy in memory.
        path: Required<Text<CheckpointFolder>>,
        /// The folder of a LoRA adapter on it, as PEFT's save_pretrained writes it. Personas with different adapters share the
        /// checkpoint in memory, and are answered in one batch. By default there is none.
        adapter: Option<Text<AdapterFolder>>,
        /// `int8` takes a quarter of the memory and is faster; `f32` is the reference, for comparing or where int8 costs too much
        /// quality.
        precision: Precision = "int8",
    }

    /// A prompt is `start`, then for each turn its prefix, text and `separator`, then `answer_prefix`.
    struct Custom {
        /// What every prompt begins with.
        start: String = "",
        /// What stands before a person's text.
        user_prefix: String = "",
        /// What stands before the persona's own text.
        persona_prefix: String = "",
        /// What stands behind each text.
        separator: String = "",
        /// What the prompt ends with, for the model to go on. By default `persona_prefix` without the space at its end.
        answer_prefix: Option<String>,
        /// What ends a reply, besides the end-of-text token.
        stop_strings: Vec<Text<Filled>>,
        /// Messages in a prompt, the newest included. By default as many as fit; fewer suit a model that was trained on short
        /// dialogues.
        max_turns: Option<Whole<1, 51>>,
    }

    struct Generation {
        /// Tokens of a reply. A longer reply takes longer and is cut there; raise it where replies end in mid-sentence.
        max_new_tokens: Whole<1, MOST_NEW_TOKENS> = MOST_NEW_TOKENS,
        /// Whether tokens are drawn by chance. `false` always takes the likeliest, which says the same again and again.
        do_sample: bool = true,
        /// Lower is safer, higher is wilder.
        temperature: Real<AboveZero> = 1.0,
        /// Only this many of the likeliest tokens are drawn from; 0 is off.
        top_k: Whole<0, 1_000_000> = 50,
        /// Only the likeliest tokens are drawn from whose probabilities add up to this; 1.0 is off.
        top_p: Real<Share> = 1.0,
        /// Makes tokens that stand in the text already less likely; 1.0 is off. A little above 1 keeps small models from
        /// repeating themselves.
        repetition_penalty: Real<AboveZero> = 1.0,
        /// Runs of this many tokens never come twice; 0 is off.
        no_repeat_ngram_size: Whole<0, 128> = 0,
        /// Texts that end a reply, besides those of the template.
        stop_strings: Vec<Text<Filled>>,
    }

    struct Triggers {
        /// Names it is called by, in any letter case.
        names: Vec<Text<Callable>>,
        /// Where in a message a name counts: `edges`, at the start or the end; `anywhere`, as a whole word.
        names_match: NamesMatch = "edges",
        /// The probability of answering a message that nothing else triggers.
        chance: Real<Probability> = 0.0,
    }

    struct ChatDefaults {
        /// Whether it answers every message of a group.
        insanity: bool = false,
        /// Earlier messages in the prompt. More let it remember further back, and each reply takes longer.
        context_length: Whole<0, 50> = 4,
        /// The language of the daemon's own texts. By default that of the person.
        language: Option<Language>,
    }

    struct Access {
        /// Who may write to it in private: `everyone`, `nobody`, or people by their ids, such as `[123456789]`.
        private: PrivateAccess = "everyone",
        /// In which groups it stays: `everyone`, any; or those with these ids, such as `[-1001234567890]`, of which `[]` has none.
        /// Others are told once and left.
        groups: GroupAccess = "everyone",
        /// Answers to one person in an hour. More than a talkative person asks for; lower it against people who flood it.
        per_user_hourly: Whole<1, 1_000_000> = 300,
        /// Answers in one chat in an hour. Telegram itself allows 20 a minute in a group.
        per_chat_hourly: Whole<1, 1_000_000> = 1200,
    }

    struct Prompt {
        /// The letter case: as written, or all `lower` or `upper`, for models that were trained on such.
        case: Case = "keep",
        /// What is added to the newest message.
        suffix: String = "",
        /// Characters that stay, like the inside of a regular expression's brackets: `А-Яа-яЁё0-9.,?!`. All others are removed. An
        /// empty text keeps all, which is the default but for `prompt_reply`.
        keep_chars: Maybe<String>,
    }

    struct Reply {
        /// Where the reply begins in what the model wrote: at its `beginning`, at the `first_cyrillic` letter, or at the
        /// `first_cyrillic_after_newline`, which is the default of `prompt_reply` alone. By default at the beginning.
        start_at: Option<StartAt>,
        /// Where it ends: `nothing` is cut, or it ends with its `first_line` or its `first_sentence`, which is the default of
        /// `prompt_reply` alone. By default nothing is cut.
        cut: Option<Cut>,
        /// Replacements, in this order: `[{ from: "@", to: "\n" }]`.
        replace: Vec<Replacement>,
        /// What is said when nothing usable was written.
        fallback: Text<Fallback> = "что?",
    }

    struct Replacement {
        /// The text that is replaced, literally and wherever it stands.
        from: Required<Text<Filled>>,
        /// What stands there instead.
        to: Required<String>,
    }

    struct Filter {
        /// Whole words, in any letter case.
        words: Vec<Text<Word>>,
        /// Whether links stay.
        allow_links: bool = false,
        /// Whether phone numbers stay.
        allow_phone_numbers: bool = false,
    }
}
