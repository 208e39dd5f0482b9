//! The conversation at the terminal: lines in, what bots say out.

use std::{collections::BTreeMap, io, thread, time::Duration};

use maskarad_testbed::{Bot, Group, MessageRef, Testbed, User, UserSpec};
use tokio::sync::mpsc;

/// What can be typed.
pub(crate) const HELP: &str = "\
What you can type:
  any text              the current person writes it to the group, /commands included
  :as NAME              become another person, known or new
  :to BOT TEXT          write to a bot in private
  :re TEXT              answer what a bot said last
  :admin                the current person becomes an administrator
  :tokens               the address and the tokens again
  :help                 this
  :quit                 leave (so does the end of input)";

/// Lines typed ahead while the terminal is not listened to.
const TYPED_AHEAD: usize = 64;

/// A day: the console waits for bots as long as it runs.
const PATIENCE: Duration = Duration::from_secs(86_400);

pub(crate) struct Console {
    testbed: Testbed,
    bots: Vec<Bot>,
    group: Group,
    people: BTreeMap<String, User>,
    current: User,
    printed: Vec<usize>,
    last_said: Option<MessageRef>,
}

/// Whether the conversation goes on.
enum Next {
    Line,
    Stop,
}

impl Console {
    pub(crate) fn new(testbed: Testbed, bots: Vec<Bot>, title: &str) -> Self {
        let group = testbed.add_supergroup(title);
        let current = testbed.add_user(UserSpec::new("Анна").username("anna").language("ru"));
        for bot in &bots {
            group.add_bot(bot, &current);
        }
        let printed = vec![0; bots.len()];
        let people = BTreeMap::from([("anna".to_owned(), current.clone())]);
        Self { testbed, bots, group, people, current, printed, last_said: None }
    }

    pub(crate) async fn converse(mut self) {
        self.introduce();
        let mut lines = typed_lines();
        loop {
            let next = tokio::select! {
                line = lines.recv() => line.map_or(Next::Stop, |line| self.obey(line.trim())),
                () = self.something_said() => Next::Line,
            };
            self.print_news();
            if matches!(next, Next::Stop) {
                return;
            }
        }
    }

    fn introduce(&self) {
        say(&format!("Bot API at {}, group {} ({})", self.testbed.api_url(), self.group.id(), "you are anna"));
        for bot in &self.bots {
            say(&format!("  @{}  {}", bot.username(), bot.token()));
        }
        say("Type :help for help.");
    }

    fn obey(&mut self, line: &str) -> Next {
        let (word, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()));
        match word {
            "" => {}
            ":quit" => return Next::Stop,
            ":help" => say(HELP),
            ":tokens" => self.introduce(),
            ":as" if !rest.is_empty() => self.become_person(rest),
            ":admin" => self.group.promote(&self.current),
            ":to" => self.write_private(rest),
            ":re" => self.reply(rest),
            _ if word.starts_with(':') => say("Unknown; try :help"),
            _ => drop(self.current.writes(&self.group, line)),
        }
        Next::Line
    }

    fn become_person(&mut self, name: &str) {
        let known = self.people.entry(name.to_lowercase());
        let new = || self.testbed.add_user(UserSpec::new(name).language("ru"));
        self.current = known.or_insert_with(new).clone();
    }

    fn write_private(&self, rest: &str) {
        let (name, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, "/start"));
        let name = name.trim_start_matches('@');
        match self.bots.iter().find(|bot| bot.username().eq_ignore_ascii_case(name)) {
            Some(bot) => drop(self.current.writes_private(bot, text.trim())),
            None => say("No such bot"),
        }
    }

    fn reply(&self, text: &str) {
        match self.last_said {
            Some(message) => drop(self.current.replies(message, text)),
            None => say("No bot has said anything yet"),
        }
    }

    async fn something_said(&self) {
        let news = |testbed: &Testbed| {
            self.bots.iter().zip(&self.printed).any(|(bot, printed)| testbed.sent_count(bot) > *printed)
        };
        // Nothing said in a day is no error: the loop waits anew.
        let _ = self.testbed.wait_until(PATIENCE, news).await;
    }

    fn print_news(&mut self) {
        for (bot, printed) in self.bots.iter().zip(&mut self.printed) {
            for sent in self.testbed.sent_since(bot, *printed) {
                let place = if sent.chat_id == self.group.id() { "" } else { " (private)" };
                say(&format!("@{}{place}: {}", bot.username(), sent.text));
                self.last_said = Some(sent.message());
                *printed += 1;
            }
        }
    }
}

/// A thread of its own reads the terminal, because reading it can't be interrupted.
fn typed_lines() -> mpsc::Receiver<String> {
    let (typed, lines) = mpsc::channel(TYPED_AHEAD);
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if typed.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

#[expect(clippy::print_stdout, reason = "talking to the person at the terminal is what this program does")]
fn say(line: &str) {
    println!("{line}");
}
