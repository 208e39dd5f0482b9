//! Prompts from hostile histories. No text can forge a turn: what the whole prompt reads like, with its special tokens, is
//! what the sides of its turns alone would have it be. That is counted here without the code that writes prompts.
//!
//! Four bytes choose template, budget, context length and what is answered; then come the texts, between U+001F. One that
//! begins with U+0010 is the persona's own.

use std::sync::LazyLock;

use maskarad::chat::{ChatId, ChatRef, Conversation, MessageId, TransportKind, UserId};
use maskarad::config::persona::{Case, Persona};
use maskarad::prompt::{self, Markers, PromptError, Scene, Side, Turn};
use maskarad::store::{Author, HistoryMessage};
use maskarad_engine::Tokenizer;
use time::OffsetDateTime;

use super::Target;
use crate::personas::persona;
use crate::seeds::repository;

pub(super) const TARGET: Target = Target {
    name: "prompt",
    run,
    words: &[
        "\u{1f}",
        "\u{1f}\u{10}",
        "</s>",
        "<s>",
        "<pad>",
        "<unk>",
        "<mask>",
        "@@ПЕРВЫЙ@@",
        "@@ВТОРОЙ@@",
        "@@первый@@",
        "@@",
        "ПЕРВЫЙ",
        "@@ПЕР",
        "ВЫЙ@@",
        "|0|1|",
        "|1|2|",
        "|1|-|",
        "|0|",
        "|",
        "PROMPT:",
        "REPLY:",
        "PRO",
        "MPT:",
        "Вопрос:",
        "Ответ:",
        "Воп",
        "рос: ",
        "\n- ",
        "\n",
        "\r",
        "#",
        " ",
        "\u{212a}",
        "\u{17f}",
        "\u{130}",
        "\u{200b}",
        "\u{a0}",
        "\u{2028}",
        "\u{301}",
    ],
};

/// How the marks of a template's frame are recognised in a prompt.
#[derive(Clone, Copy)]
enum Frame {
    /// A text before each turn of the others, and one before each of the persona's; in any letter case.
    Prefixes(&'static str, &'static str),
    /// `|speaker|length|` before each turn, `</s>` behind it.
    Numbered,
    /// A character behind each turn.
    Separator(char),
    /// One turn, called `PROMPT:`; `REPLY:` is left to the model.
    Single,
    /// Nothing but, maybe, special tokens.
    Nothing,
}

/// Each template with its frame and how many special tokens stand at its start.
const TEMPLATES: [(&str, Frame, usize); 9] = [
    ("template: prompt_reply\nprompt: { keep_chars: 'a-zA-Zа-яА-Я:</>|0-9@ ' }", Frame::Single, 1),
    ("template: prompt_reply\nprompt: { keep_chars: '' }", Frame::Single, 1),
    ("template: rudialogpt3", Frame::Numbered, 0),
    ("template: rudialogpt", Frame::Prefixes("@@первый@@", "@@второй@@"), 0),
    (
        "template: rudialogpt\nprompt: { keep_chars: '@А-Я ', case: upper }",
        Frame::Prefixes("@@первый@@", "@@второй@@"),
        0,
    ),
    ("template: continuation", Frame::Nothing, 0),
    (
        "template: { custom: { user_prefix: 'Вопрос: ', persona_prefix: 'Ответ: ', separator: \"\\n\" } }",
        Frame::Prefixes("вопрос:", "ответ:"),
        0,
    ),
    (
        "template: { custom: { user_prefix: '- ', persona_prefix: '- ', separator: \"\\n\" } }",
        Frame::Separator('\n'),
        0,
    ),
    ("template: { custom: { separator: '#', start: '<s>' } }", Frame::Separator('#'), 1),
];

/// A window that everything fits.
const AMPLE: usize = 1 << 20;

fn run(data: &[u8]) {
    let [template, budget, context, lead, texts @ ..] = data else { return };
    static PERSONAS: LazyLock<Vec<Persona>> =
        LazyLock::new(|| TEMPLATES.iter().map(|(manifest, ..)| persona(manifest)).collect());
    let template = usize::from(*template) % TEMPLATES.len();
    let (persona, (_, frame, special)) = (&PERSONAS[template], TEMPLATES[template]);
    let history = history(&String::from_utf8_lossy(texts));
    let turns = arranged(&history, usize::from(*lead), usize::from(*context) % 51);
    let markers = Markers::new(&persona.template, tokenizer());
    let whole = prompt::build(persona, tokenizer(), &markers, &turns, AMPLE).expect("everything fits");
    unforged(&whole, frame, special, &sides(persona, &turns));
    let budget = usize::from(*budget);
    match prompt::build(persona, tokenizer(), &markers, &turns, budget) {
        Ok(ids) => {
            assert!(ids.len() <= budget);
            in_turn(&ids, frame);
        }
        Err(PromptError::NoRoom { needed, .. }) => assert!(needed > budget),
        Err(PromptError::Encode(error)) => panic!("{error}"),
    }
}

fn history(texts: &str) -> Vec<HistoryMessage> {
    let place = Conversation {
        persona: crate::personas::personas()[0].name.clone(),
        chat: ChatRef { transport: TransportKind::Telegram, id: ChatId(5), thread: None },
    };
    let message = |(index, text): (usize, &str)| HistoryMessage {
        conversation: place.clone(),
        id: MessageId(index as i64),
        author: match text.strip_prefix('\u{10}') {
            Some(_) => Author::Persona,
            None => Author::Other { id: UserId(1), name: String::new() },
        },
        text: text.strip_prefix('\u{10}').unwrap_or(text).to_owned(),
        sent_at: OffsetDateTime::UNIX_EPOCH,
        reply_to: None,
    };
    texts.split('\u{1f}').enumerate().map(message).collect()
}

/// One of the messages is answered, together with the one before it, and replies to the first.
fn arranged(history: &[HistoryMessage], lead: usize, context_length: usize) -> Vec<Turn> {
    let others: Vec<_> = history.iter().filter(|message| message.author != Author::Persona).collect();
    let lead = others.get(lead % others.len().max(1)).map_or(MessageId(-1), |message| message.id);
    let shared = [MessageId(lead.0 - 1)];
    let shared = if others.iter().any(|message| message.id == shared[0]) { &shared[..] } else { &[] };
    let replied_to = history.first().filter(|first| first.id.0 + 2 < lead.0);
    let scene = Scene { history, lead, lead_text: None, shared, replied_to, context_length };
    let turns = prompt::arrange(&scene);
    assert!(turns.last().is_some_and(|last| last.asked), "something is asked, and it stands last");
    turns
}

/// Who speaks in which order, once the manifest's rules have left nothing of some texts.
fn sides(persona: &Persona, turns: &[Turn]) -> Vec<Side> {
    let mut sides: Vec<(Side, bool)> =
        turns.iter().filter(|turn| speaks(persona, &turn.text)).map(|turn| (turn.side, turn.asked)).collect();
    if sides.last().is_none_or(|(side, _)| *side == Side::Persona) {
        sides.push((Side::Others, true));
    }
    let mut sides: Vec<Side> = sides.into_iter().map(|(side, _)| side).collect();
    sides.dedup();
    sides
}

fn speaks(persona: &Persona, text: &str) -> bool {
    let text = match persona.prompt.case {
        Case::Keep => text.to_owned(),
        Case::Lower => text.to_lowercase(),
        Case::Upper => text.to_uppercase(),
    };
    let stays = |c: char| persona.prompt.keep_chars.as_ref().is_none_or(|class| class.contains(c));
    text.chars().any(|c| stays(c) && !c.is_whitespace())
}

fn unforged(ids: &[u32], frame: Frame, start: usize, sides: &[Side]) {
    let text = tokenizer().decode(ids, false);
    let lower = text.to_lowercase();
    let count = |mark: &str| lower.matches(mark).count();
    let persona = sides.iter().filter(|side| **side == Side::Persona).count();
    let (others, all) = (sides.len() - persona, sides.len());
    let expected_special = match frame {
        Frame::Prefixes("@@первый@@", _) => all + 1,
        Frame::Numbered => all,
        _ => start,
    };
    let told = format!("{text:?} of {sides:?}");
    assert_eq!(special_tokens(ids), expected_special, "special tokens in {told}");
    match frame {
        Frame::Prefixes(theirs, ours) => assert_eq!((count(theirs), count(ours)), (others, persona + 1), "{told}"),
        Frame::Numbered => {
            let speakers: Vec<Side> = sides.iter().copied().chain([Side::Persona]).collect();
            assert_eq!((numbered(&text), count("</s>")), (speakers, all), "{told}");
        }
        Frame::Separator(mark) => assert_eq!(text.matches(mark).count(), all, "{told}"),
        Frame::Single => assert_eq!((count("prompt:"), count("reply:")), (1, 0), "{told}"),
        Frame::Nothing => {}
    }
}

/// However much was dropped: the sides still take turns, and the persona comes last.
fn in_turn(ids: &[u32], frame: Frame) {
    let Frame::Numbered = frame else { return };
    let speakers = numbered(&tokenizer().decode(ids, false));
    assert!(speakers.windows(2).all(|pair| pair[0] != pair[1]) && speakers.last() == Some(&Side::Persona));
}

/// The speakers of `|speaker|length|`, as they stand in a text.
fn numbered(text: &str) -> Vec<Side> {
    let bytes = text.as_bytes();
    let speaker = |window: &[u8]| match window {
        [b'|', speaker @ (b'0' | b'1'), b'|', b'1' | b'2' | b'3' | b'-', b'|'] => {
            Some(if *speaker == b'0' { Side::Others } else { Side::Persona })
        }
        _ => None,
    };
    bytes.windows(5).filter_map(speaker).collect()
}

fn special_tokens(ids: &[u32]) -> usize {
    static SPECIAL: LazyLock<Vec<u32>> =
        LazyLock::new(|| tokenizer().added_tokens().into_iter().map(|(_, id)| id).collect());
    ids.iter().filter(|id| SPECIAL.contains(id)).count()
}

/// The tokenizer of the demo checkpoint, which has the markers of `rudialogpt`.
pub(super) fn tokenizer() -> &'static Tokenizer {
    static MINI: LazyLock<Tokenizer> = LazyLock::new(|| {
        let folder = repository().join("personas/models/mini-ru");
        Tokenizer::from_folder(&folder).ok().flatten().expect("the demo checkpoint has a tokenizer")
    });
    &MINI
}
