//! What identifies somebody: links, mentions, mail, phones, cards, wallets. Finds them in a text and cuts or masks them.
//! Pure. It errs on the side of finding too much.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

/// What is done to a span of some kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It stays.
    Keep,
    /// A word in angle brackets stands in its place.
    Mask,
    /// It goes, the rest of the text stays.
    Cut,
    /// Its whole turn goes.
    Drop,
}

/// What is done, by kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Actions {
    pub(super) urls: Action,
    pub(super) mentions: Action,
    pub(super) emails: Action,
    pub(super) phones: Action,
    pub(super) cards: Action,
    pub(super) wallets: Action,
}

/// A kind of span.
struct Kind {
    name: &'static str,
    mask: &'static str,
    /// Its first group, or all of it, is the span.
    pattern: Regex,
    is_meant: fn(&str) -> bool,
}

/// Top-level domains under which a name without `https://` is taken for a link.
const DOMAINS: &str = "com|net|org|info|biz|ru|su|by|ua|kz|рф|рус|москва|io|me|gg|tv|ly|be|cc|de|uk|eu|fr|pl|xyz|online|\
                       site|shop|store|dev|app|ai|to|link|club|top|pro|live|wiki|cat|fm|ge|am|az|uz";

/// In the order in which they are looked for: what holds another comes before it.
static KINDS: LazyLock<[Kind; 6]> = LazyLock::new(|| {
    let kind = |name, mask, pattern: &str, is_meant| {
        let pattern = Regex::new(pattern).expect("the patterns are sound");
        Kind { name, mask, pattern, is_meant }
    };
    let links = format!(
        r#"(?i)(?:\b[a-z][a-z0-9+.-]*://|\bwww\.)[^\s<>«»"]*[^\s<>«»".,;:!?)\]'…]|\b[\p{{L}}\p{{N}}_-]+(?:\.[\p{{L}}\p{{N}}_-]+)*\.(?:{DOMAINS})\b(?:/[^\s<>«»"]*[^\s<>«»".,;:!?)\]'…])?/?"#
    );
    [
        kind("emails", "<почта>", r"[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+", any),
        kind("urls", "<ссылка>", &links, any),
        kind("mentions", "<имя>", r"(?:^|[^\p{L}\p{N}_@./])(@[A-Za-z][A-Za-z0-9_]{3,31})\b", any),
        kind(
            "wallets",
            "<кошелёк>",
            r"\b(?:0x[0-9a-fA-F]{40}|(?:bc|ltc)1[02-9ac-hj-np-z]{11,71}|[EUk][Qf][A-Za-z0-9_-]{46}|T[1-9A-HJ-NP-Za-km-z]{33}|[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}|[13LMD][1-9A-HJ-NP-Za-km-z]{25,34})\b",
            mixed,
        ),
        kind("cards", "<карта>", r"\b\d(?:[ \u{a0}-]?\d){12,18}\b", luhn),
        kind(
            "phones",
            "<телефон>",
            r"(?:\+|\b)(?:7|8)[\s(\u{a0}-]*\d{3}[\s)\u{a0}-]*\d{3}[\s\u{a0}-]*\d{2}[\s\u{a0}-]*\d{2}\b|\+\d{1,3}[\s(\u{a0}-]*\d(?:[\s()\u{a0}-]*\d){6,12}\b|\(\d{3,5}\)\s?\d{1,3}(?:[\s-]\d{2}){2}\b|\b9\d{2}[\s-]\d{3}[\s-]\d{2}[\s-]\d{2}\b|\b\d{3}-\d{2}-\d{2}\b",
            any,
        ),
    ]
});

impl Actions {
    fn of(&self, kind: &str) -> Action {
        match kind {
            "emails" => self.emails,
            "urls" => self.urls,
            "mentions" => self.mentions,
            "wallets" => self.wallets,
            "cards" => self.cards,
            _ => self.phones,
        }
    }

    /// A text with everything done to it, tidied where something was cut; `None` where its turn has to go. Counts what is
    /// altered. Goes on until nothing is found: what is cut may leave another span behind.
    pub(super) fn apply(&self, text: &str, altered: &mut BTreeMap<&'static str, u64>) -> Option<String> {
        let mut text = text.to_owned();
        loop {
            let mut has_changed = false;
            for kind in KINDS.iter().filter(|kind| self.of(kind.name) != Action::Keep) {
                let spans = kind.spans(&text);
                if spans.is_empty() {
                    continue;
                }
                let mask = match self.of(kind.name) {
                    Action::Drop => return None,
                    Action::Mask => kind.mask,
                    Action::Cut | Action::Keep => " ",
                };
                *altered.entry(kind.name).or_default() += spans.len() as u64;
                for span in spans.into_iter().rev() {
                    text.replace_range(span, mask);
                }
                has_changed = true;
            }
            if !has_changed {
                return Some(text);
            }
            text = tidy(&text);
        }
    }
}

impl Kind {
    fn spans(&self, text: &str) -> Vec<Range<usize>> {
        let span = |found: regex::Captures<'_>| found.get(1).or_else(|| found.get(0)).map(|found| found.range());
        self.pattern.captures_iter(text).filter_map(span).filter(|span| (self.is_meant)(&text[span.clone()])).collect()
    }
}

fn any(_: &str) -> bool {
    true
}

/// Whether an address has digits and letters: long words have only one of them.
fn mixed(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit()) && text.chars().any(|c| c.is_ascii_alphabetic())
}

/// The check digit of bank cards (ISO/IEC 7812).
fn luhn(text: &str) -> bool {
    let digits = text.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled @ 0..=9) => doubled,
            (_, doubled) => doubled - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// No doubled spaces, none at the ends of lines or before punctuation, no empty brackets.
fn tidy(text: &str) -> String {
    static EMPTY: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\(\s*\)|\[\s*\]|«\s*»").expect("the pattern is sound"));
    static SPACES: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[ \t\u{a0}]+([.,;:!?)…]|$)").expect("the pattern is sound"));
    let line = |line: &str| {
        let words = EMPTY
            .replace_all(line, " ")
            .split([' ', '\t'])
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        SPACES.replace_all(&words, "$1").trim().to_owned()
    };
    let lines: Vec<String> = text.lines().map(line).collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(action: Action) -> Actions {
        Actions { urls: action, mentions: action, emails: action, phones: action, cards: action, wallets: action }
    }

    fn masked(text: &str) -> String {
        all(Action::Mask).apply(text, &mut BTreeMap::new()).unwrap()
    }

    #[test]
    fn each_kind_is_found_in_its_forms() {
        for (mask, spans) in [
            (
                "<ссылка>",
                &[
                    "https://example.com/a?b=c#d",
                    "http://пример.рф/путь",
                    "www.mail.ru",
                    "t.me/durov",
                    "vk.com/id1",
                    "сайт.рф",
                    "tg://resolve?domain=x",
                    "sub.domain.example.org",
                ][..],
            ),
            ("<имя>", &["@durov", "@some_body1"]),
            ("<почта>", &["ivan.petrov+tag@mail.ru", "почта@пример.рф"]),
            (
                "<телефон>",
                &[
                    "+7 (912) 345-67-89",
                    "8 912 345 67 89",
                    "89123456789",
                    "+79123456789",
                    "8(495)123-45-67",
                    "+380 44 123 45 67",
                    "+1 202-555-0143",
                    "(495) 123-45-67",
                    "912 345-67-89",
                    "123-45-67",
                ],
            ),
            ("<карта>", &["4111 1111 1111 1111", "4276-3800-0000-0005", "5555555555554444", "2200 0000 0000 0004"]),
            (
                "<кошелёк>",
                &[
                    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
                    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
                    "0x52908400098527886E0F7030069857D2E4169EE7",
                    "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8",
                    "EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N",
                ],
            ),
        ] {
            for span in spans {
                assert_eq!(masked(&format!("вот {span}, смотри")), format!("вот {mask}, смотри"), "{span}");
                assert_eq!(masked(span), mask, "{span}");
            }
        }
    }

    #[test]
    fn plain_words_and_numbers_stay() {
        for text in [
            "Ну привет.Как дела? Дай 100500 рублей, т.е. 5.50 евро",
            "в 2024 году, 12.05.2023 в 23:59",
            "@ты где",
            "100 000 000",
            "4111 1111 1111 1112",
            "Превысокомногорассмотрительствующий",
            "a@b",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn cutting_leaves_tidy_text_and_dropping_leaves_none() {
        let mut altered = BTreeMap::new();
        let text = "Пиши сюда: https://t.me/x (или @vasya_p ), пока!\nтел. 89123456789";
        assert_eq!(all(Action::Cut).apply(text, &mut altered).unwrap(), "Пиши сюда: (или), пока!\nтел.");
        assert_eq!(altered, BTreeMap::from([("mentions", 1), ("phones", 1), ("urls", 1)]));
        assert_eq!(all(Action::Drop).apply(text, &mut altered), None);
        assert_eq!(all(Action::Keep).apply(text, &mut altered).unwrap(), text);
        let joined = "8 912 https://a.ru 345 67 89";
        assert_eq!(all(Action::Cut).apply(joined, &mut altered).unwrap(), "");
    }

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(text in r"([a-zа-я0-9@.:/+() -]|t\.me|https://|\+7|@[a-z]{5}| ){0,60}") {
            for action in [Action::Mask, Action::Cut] {
                let once = all(action).apply(&text, &mut BTreeMap::new()).unwrap();
                let twice = all(action).apply(&once, &mut BTreeMap::new()).unwrap();
                prop_assert_eq!(once, twice);
            }
        }
    }
}
