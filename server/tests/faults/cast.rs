//! Who plays: three personas with their bots, people, private chats and groups of every kind.

use std::collections::BTreeSet;
use std::path::Path;

use maskarad_testbed::{Bot, BotSpec, Group, MessageBuilder, Numbering, Testbed, ThreadId, User, UserSpec};

/// What the daemon is told a persona is.
pub(crate) struct Part {
    /// Its name in its manifest.
    pub(crate) name: &'static str,
    /// How people call it.
    pub(crate) call: &'static str,
    /// Whether its manifest makes it answer everything in groups.
    pub(crate) insane: bool,
    /// How likely it joins in by itself, as its manifest says.
    pub(crate) chance: &'static str,
    /// Its bot.
    pub(crate) bot: Bot,
}

/// Where people write.
pub(crate) struct Room {
    /// What the chat is called; nothing where it is private.
    pub(crate) title: &'static str,
    /// The chat.
    pub(crate) place: Place,
    /// Who writes there, by number.
    pub(crate) people: Vec<usize>,
    /// Which personas are there, by number.
    pub(crate) parts: Vec<usize>,
    /// Its topics; one `None` where it has none.
    pub(crate) topics: Vec<Option<ThreadId>>,
    /// Personas that answer everything here.
    pub(crate) insane: BTreeSet<usize>,
}

/// A private chat or a group.
pub(crate) enum Place {
    /// With the room's only person and only persona.
    Private,
    /// With several of each.
    Group(Group),
}

/// Everybody.
pub(crate) struct Cast {
    /// The personas.
    pub(crate) parts: Vec<Part>,
    /// The people.
    pub(crate) people: Vec<User>,
    /// The chats; private ones first.
    pub(crate) rooms: Vec<Room>,
}

/// Basic groups that may become supergroups.
pub(crate) const MOVING: [&str; 2] = ["Соседи", "Родня"];
/// Where an administrator switches insanity on.
pub(crate) const MADDENED: &str = "Просьба";
/// People in a group.
const COMPANY: usize = 5;
/// Private chats with each persona.
const PRIVATE: [usize; 3] = [9, 7, 4];

impl Cast {
    /// Registers everybody with the emulator.
    pub(crate) fn new(tg: &Testbed) -> Self {
        tg.set_numbering(Numbering::Apart);
        let parts = vec![
            part(tg, "avtobus", "Автобус", false, "0.0"),
            part(tg, "polkson", "Полксон", false, "0.1"),
            part(tg, "baton", "Батон", true, "0.0"),
        ];
        let people: Vec<User> =
            (0..14).map(|number| tg.add_user(UserSpec::new(&format!("Человек {number}")))).collect();
        let mut cast = Self { parts, people, rooms: Vec::new() };
        for (part, count) in PRIVATE.into_iter().enumerate() {
            cast.rooms.extend((0..count).map(|person| Room {
                title: "",
                place: Place::Private,
                people: vec![person],
                parts: vec![part],
                topics: vec![None],
                insane: BTreeSet::new(),
            }));
        }
        cast.add_groups(tg);
        cast
    }

    fn add_groups(&mut self, tg: &Testbed) {
        self.group("Друзья", |title| tg.add_supergroup(title), &[0], 0);
        self.group("Коллеги", |title| tg.add_supergroup(title), &[1], 0);
        self.group(MOVING[0], |title| tg.add_group(title), &[0], 0);
        self.group(MOVING[1], |title| tg.add_group(title), &[1], 0);
        self.group("Двое", |title| tg.add_supergroup(title), &[0, 1], 0);
        self.group("Безумие", |title| tg.add_supergroup(title), &[2], 0);
        self.group(MADDENED, |title| tg.add_supergroup(title), &[0], 0);
        self.group("Форум", |title| tg.add_forum(title), &[0], 2);
        self.group("Безумный форум", |title| tg.add_forum(title), &[2], 1);
        self.group("Трое", |title| tg.add_group(title), &[0, 2], 0);
    }

    fn group(&mut self, title: &'static str, make: impl FnOnce(&str) -> Group, parts: &[usize], topics: usize) {
        let group = make(title);
        let first = self.rooms.len() * 3;
        let people: Vec<usize> = (first..first + COMPANY).map(|number| number % self.people.len()).collect();
        for person in &people {
            group.join(&self.people[*person]);
        }
        // The first of a group runs it.
        group.promote(&self.people[people[0]]);
        for part in parts {
            group.add_bot(&self.parts[*part].bot, &self.people[people[0]]);
        }
        let opened = (0..topics).map(|number| Some(group.add_topic(&format!("Тема {number}"))));
        let topics = std::iter::once(None).chain(opened).collect();
        let insane = parts.iter().copied().filter(|part| self.parts[*part].insane).collect();
        self.rooms.push(Room { title, place: Place::Group(group), people, parts: parts.to_vec(), topics, insane });
    }

    /// A group, by number.
    pub(crate) fn room(&self, title: &str) -> usize {
        self.rooms.iter().position(|room| room.title == title).expect("there is such a group")
    }

    /// Writes the manifests, alike but for names and triggers.
    pub(crate) fn write_manifests(&self, folder: &Path, generation: &str) {
        for part in &self.parts {
            let Part { name, insane, chance, .. } = part;
            let text = format!(
                "name: {name}\ntoken: {{ env: {variable} }}\ntemplate: rudialogpt\n{generation}\n\
                 triggers: {{ names: [{call}], chance: {chance} }}\n\
                 chat_defaults: {{ insanity: {insane} }}\n\
                 access: {{ per_user_hourly: 1000000, per_chat_hourly: 1000000 }}\n",
                variable = part.variable(),
                call = part.call.to_lowercase(),
            );
            std::fs::write(folder.join(format!("{name}.yaml")), text).unwrap();
        }
    }

    /// Whose bot this is, by number.
    pub(crate) fn part_named(&self, name: &str) -> &Part {
        self.parts.iter().find(|part| part.name == name).expect("only our personas are served")
    }

    /// Begins a message in a room.
    pub(crate) fn compose(&self, room: &Room, person: usize) -> MessageBuilder {
        match &room.place {
            Place::Private => self.people[person].compose_private(&self.parts[room.parts[0]].bot),
            Place::Group(group) => self.people[person].compose(group),
        }
    }
}

impl Part {
    /// Which weights a manifest asks for, and how a reply is made of them.
    pub(crate) fn generation(precision: &str, options: &str) -> String {
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../personas/models/mini-ru");
        format!("model: {{ path: {model:?}, precision: {precision} }}\ngeneration: {{ {options} }}")
    }

    /// The variable that holds its token.
    pub(crate) fn variable(&self) -> String {
        format!("{}_TOKEN", self.name.to_uppercase())
    }
}

impl Room {
    /// Its group, if it is one.
    pub(crate) fn group(&self) -> Option<&Group> {
        match &self.place {
            Place::Private => None,
            Place::Group(group) => Some(group),
        }
    }
}

fn part(tg: &Testbed, name: &'static str, call: &'static str, insane: bool, chance: &'static str) -> Part {
    let bot = tg.add_bot(BotSpec::new(&format!("{name}_bot")).privacy(false));
    Part { name, call, insane, chance, bot }
}
