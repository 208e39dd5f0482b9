//! The conversation: who writes next, when, and what.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::ExportSpec;
use super::message::{Content, Fragment, Message, Person, Reply};

const PEOPLE: [Person; 6] = [
    Person { name: Some("Аня"), id: Some("user101") },
    Person { name: Some("Боря <&> \"Co\""), id: Some("user102") },
    Person { name: Some("Вика 🌸"), id: Some("user103") },
    Person { name: Some("Новости"), id: Some("channel1234567890") },
    Person { name: Some("Гоша"), id: Some("user6123456789") },
    Person { name: None, id: Some("user106") },
];

/// Whose account is gone without a number.
const NOBODY: Person = Person { name: None, id: None };

const WORDS: [&str; 16] = [
    "привет",
    "автобус",
    "опоздал",
    "ну",
    "да",
    "нет",
    "почему",
    "завтра",
    "кот",
    "<b>не тег</b>",
    "A&B",
    "\"кавычки\"",
    "😀",
    "ёлка",
    "it's",
    "5 < 6 > 4",
];

const STYLES: [&str; 8] = ["bold", "italic", "code", "link", "mention", "spoiler", "custom_emoji", "blockquote"];

const MEDIA: [&str; 6] = ["sticker", "photo", "voice_message", "video_message", "animation", "poll"];

/// Messages in the order of their numbers, some of which are missing.
#[derive(Debug)]
pub struct Chat {
    random: StdRng,
    left: u64,
    next: i64,
    unix: i64,
    person: Person,
    deleted: Person,
}

impl Chat {
    /// The chat of a spec: the same one each time.
    #[must_use]
    pub fn new(spec: ExportSpec) -> Self {
        let random = StdRng::seed_from_u64(spec.seed);
        // HTML can't tell two people without a name apart, so a chat has one.
        let deleted = if spec.seed.is_multiple_of(2) { NOBODY } else { PEOPLE[5] };
        Self { random, left: spec.messages, next: 1, unix: 1_704_060_000, person: PEOPLE[0], deleted }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_ratio(percent, 100)
    }

    /// Mostly somebody else, soon; sometimes after a night.
    fn advance(&mut self) {
        let missing = if self.chance(5) { 1 } else { 0 };
        self.next += 1 + missing;
        self.unix += match self.random.random_range(0..100) {
            0..60 => self.random.random_range(0..100),
            60..95 => self.random.random_range(100..700),
            _ => self.random.random_range(700..40_000),
        };
        if self.chance(65) {
            let person = *PEOPLE.choose(&mut self.random).unwrap_or(&NOBODY);
            self.person = if person.name.is_none() { self.deleted } else { person };
        }
    }

    fn reply(&mut self, id: i64) -> Reply {
        match self.random.random_range(0..100) {
            0..20 => Reply::To((id - self.random.random_range(1..30)).max(1)),
            20..22 => Reply::To((id - self.random.random_range(500..3000)).max(1)),
            22..24 => Reply::To(id + 5_000_000),
            24..26 => Reply::Elsewhere,
            _ => Reply::Nothing,
        }
    }

    fn content(&mut self) -> Content {
        match self.random.random_range(0..100) {
            0..3 => Content::Service,
            3..8 => Content::Forward { from: [Some("Чужой"), None].choose(&mut self.random).copied().flatten() },
            8..18 => Content::Media(MEDIA.choose(&mut self.random).copied().unwrap_or("sticker")),
            _ => Content::Text { fragments: self.fragments(), edited: self.chance(5), photo: self.chance(5) },
        }
    }

    fn fragments(&mut self) -> Vec<Fragment> {
        let many = if self.chance(70) { 1 } else { self.random.random_range(2..5) };
        let mut fragments: Vec<Fragment> = (0..many).map(|_| self.fragment()).collect();
        if self.chance(3) {
            fragments.insert(0, Fragment::Plain(" \n".to_owned()));
        }
        fragments
    }

    fn fragment(&mut self) -> Fragment {
        let between = if self.chance(20) { "\n" } else { " " };
        let words = (0..self.random.random_range(1..12)).filter_map(|_| WORDS.choose(&mut self.random).copied());
        let text = words.collect::<Vec<_>>().join(between);
        if self.chance(70) {
            return Fragment::Plain(text);
        }
        Fragment::Styled(STYLES.choose(&mut self.random).copied().unwrap_or("bold"), text)
    }
}

impl Iterator for Chat {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        self.left = self.left.checked_sub(1)?;
        let (id, person, unix) = (self.next, self.person, self.unix);
        let message =
            Message { id, person, unix, reply: self.reply(id), content: self.content(), dice: self.random.random() };
        self.advance();
        Some(message)
    }
}
