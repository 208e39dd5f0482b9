//! People who write: to whom, where and how, by the dice.

use std::collections::{BTreeMap, HashMap};

use maskarad_testbed::{ChatId, MessageRef, Testbed, ThreadId, UserId};

use crate::cast::{Cast, Room};
use crate::dice::Dice;
use crate::script::{Script, Want};

/// Messages dated further back than this are a backlog that nobody answers; the daemon's default.
const BACKLOG_SECONDS: i64 = 600;

const WORDS: [&str; 16] = [
    "погода",
    "дорога",
    "вечером",
    "завтра",
    "кажется",
    "интересно",
    "почему",
    "остановка",
    "билет",
    "музыка",
    "чай",
    "дождь",
    "зима",
    "собака",
    "работа",
    "выходной",
];

/// The people, as far as they remember.
pub(crate) struct Crowd {
    dice: Dice,
    /// Messages written so far.
    pub(crate) count: usize,
    /// How far the emulator's clock is off, in seconds.
    pub(crate) clock: i64,
    /// Rooms in which nobody writes for now.
    pub(crate) resting: Vec<usize>,
    said: HashMap<(ChatId, Option<ThreadId>), MessageRef>,
    heard: HashMap<UserId, usize>,
}

/// How a message calls.
enum Call {
    Mention(usize),
    Reply(UserId, MessageRef),
    Name(usize),
    Nobody,
}

impl Crowd {
    /// A crowd with dice of its own.
    pub(crate) fn new(dice: Dice) -> Self {
        Self { dice, count: 0, clock: 0, resting: Vec::new(), said: HashMap::new(), heard: HashMap::new() }
    }

    /// Somebody writes something somewhere.
    pub(crate) fn write(&mut self, tg: &Testbed, cast: &Cast, script: &mut Script) {
        let groups = cast.rooms.iter().position(|room| room.group().is_some()).unwrap_or(0);
        let number = match self.dice.chance(0.55) {
            true => self.dice.below(groups),
            false => groups + self.dice.below(cast.rooms.len() - groups),
        };
        if !self.resting.contains(&number) {
            let person = *self.dice.pick(&cast.rooms[number].people);
            self.write_in(tg, cast, script, (number, person));
        }
    }

    /// A certain person writes in a certain room.
    pub(crate) fn write_in(&mut self, tg: &Testbed, cast: &Cast, script: &mut Script, (room, person): (usize, usize)) {
        let room = &cast.rooms[room];
        let topic = *self.dice.pick(&room.topics);
        let call = if room.group().is_some() { self.call(tg, cast, room, topic) } else { Call::Nobody };
        self.send(tg, cast, script, (room, person, topic, call));
    }

    /// Somebody mentions the room's first persona, outside of topics.
    pub(crate) fn mention(&mut self, tg: &Testbed, cast: &Cast, script: &mut Script, (room, person): (usize, usize)) {
        let room = &cast.rooms[room];
        self.send(tg, cast, script, (room, person, None, Call::Mention(room.parts[0])));
    }

    /// Somebody gives a command, which a group's first persona answers whoever it is.
    pub(crate) fn command(
        &mut self,
        tg: &Testbed,
        cast: &Cast,
        script: &mut Script,
        (room, person, command): (usize, usize, &str),
    ) -> MessageRef {
        let room = &cast.rooms[room];
        let bot = &cast.parts[room.parts[0]].bot;
        let (name, argument) = command.split_once(' ').unwrap_or((command, ""));
        let sent = cast.compose(room, person).text(&format!("{name}@{} {argument}", bot.username())).send();
        self.count += 1;
        script.note(tg, sent, cast.people[person].id(), BTreeMap::from([(bot.id(), self.aged(Want::Notice))]));
        sent
    }

    /// Somebody in some group asks for what only administrators may, and what changes nothing.
    pub(crate) fn ask_for_nothing(&mut self, tg: &Testbed, cast: &Cast, script: &mut Script) {
        let groups: Vec<usize> = (0..cast.rooms.len()).filter(|room| cast.rooms[*room].group().is_some()).collect();
        let room = *self.dice.pick(&groups);
        if !self.resting.contains(&room) {
            let person = *self.dice.pick(&cast.rooms[room].people);
            self.command(tg, cast, script, (room, person, "/context 4"));
        }
    }

    fn send(
        &mut self,
        tg: &Testbed,
        cast: &Cast,
        script: &mut Script,
        (room, person, topic, call): (&Room, usize, Option<ThreadId>, Call),
    ) {
        let words = format!("{} {} номер {}", self.dice.pick(&WORDS), self.dice.pick(&WORDS), self.count);
        let text = match &call {
            Call::Mention(part) => format!("@{}, {words}", cast.parts[*part].bot.username()),
            Call::Name(part) => format!("{}, {words}", cast.parts[*part].call),
            Call::Reply(..) | Call::Nobody => words,
        };
        let mut message = cast.compose(room, person).text(&text);
        if let Some(topic) = topic {
            message = message.in_topic(topic);
        }
        if let Call::Reply(_, to) = &call {
            message = message.reply_to(*to);
        }
        let sent = message.send();
        self.count += 1;
        let wants = room.parts.iter().filter_map(|part| self.want(cast, room, *part, &call)).collect();
        script.note(tg, sent, cast.people[person].id(), wants);
    }

    fn want(&self, cast: &Cast, room: &Room, part: usize, call: &Call) -> Option<(UserId, Want)> {
        let whom = &cast.parts[part];
        let id = whom.bot.id();
        let want = match call {
            _ if room.group().is_none() => Want::Answer("private"),
            Call::Mention(called) if *called == part => Want::Answer("mention"),
            Call::Reply(called, _) if *called == id => Want::Answer("reply"),
            Call::Name(called) if *called == part => Want::Answer("name"),
            _ if room.insane.contains(&part) => Want::Whim("insanity"),
            _ if whom.chance != "0.0" => Want::Whim("chance"),
            _ => return None,
        };
        Some((id, self.aged(want)))
    }

    fn aged(&self, want: Want) -> Want {
        if self.clock < -BACKLOG_SECONDS { Want::Stale } else { want }
    }

    fn call(&mut self, tg: &Testbed, cast: &Cast, room: &Room, topic: Option<ThreadId>) -> Call {
        self.listen(tg, cast);
        let part = *self.dice.pick(&room.parts);
        let last = room.group().and_then(|group| self.said.get(&(group.id(), topic)).copied());
        let author = last.and_then(|said| match tg.message(said)?.sender {
            maskarad_testbed::Sender::Bot(bot) => Some(bot),
            _ => None,
        });
        match (self.dice.below(10), author.zip(last)) {
            (0..=2, _) => Call::Mention(part),
            (3..=5, Some((bot, said))) => Call::Reply(bot, said),
            (3..=7, _) => Call::Name(part),
            _ => Call::Nobody,
        }
    }

    /// Takes in what personas have said since, in order to reply to it.
    fn listen(&mut self, tg: &Testbed, cast: &Cast) {
        for part in &cast.parts {
            let heard = self.heard.entry(part.bot.id()).or_default();
            for sent in tg.sent_since(&part.bot, *heard) {
                *heard += 1;
                self.said.insert((sent.chat_id, sent.thread), sent.message());
            }
        }
    }
}
