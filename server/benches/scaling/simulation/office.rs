//! All parts together: a message's way from a person to the reply, event by event.

use super::activity::{Habit, People, habit_of};
use super::agenda::Agenda;
use super::chat::Chat;
use super::dice::Dice;
use super::event::Event;
use super::findings::{Findings, Share};
use super::slots::Slots;
use super::station::Station;
use super::telegram::{Bot, Update, arrived, may_write};
use super::workers::{Crew, Task};
use super::{Deployment, Nanos, Rates, nanos, seconds};

/// How long before it may leave a reply is made.
const AHEAD: f64 = 1.0;
/// Transactions of an answered message besides those that route it: claim, ready, begin to send, finish.
const ANSWERING: f64 = 4.0;

/// Everything there is.
pub(crate) struct Office<'a> {
    size: Deployment,
    rates: &'a Rates,
    activity: &'a [Habit],
    dice: Dice,
    agenda: Agenda<Event>,
    now: Nanos,
    chats: Vec<Chat>,
    bots: Vec<Bot>,
    dispatch: Vec<Station>,
    replies: Vec<Slots>,
    sends: Vec<Slots>,
    databases: Vec<Station>,
    broker: Station,
    crew: Crew,
    findings: Findings,
    sent: u64,
}

impl<'a> Office<'a> {
    /// An office in the morning.
    pub(crate) fn new(size: Deployment, rates: &'a Rates, activity: &'a [Habit], seed: u64) -> Self {
        let (mut dice, mut agenda) = (Dice::new(seed), Agenda::new());
        let mut chats = Vec::with_capacity(size.chats);
        for chat in 0..size.chats {
            let habit = habit_of(activity, chat, size.chats);
            let (people, at) = People::begin(&activity[habit], &mut dice);
            agenda.note(at, Event::Said(chat));
            chats.push(Chat::new(habit, people));
        }
        (0..size.bots).for_each(|bot| agenda.note(0, Event::Polled(bot)));
        let each_daemon = |places| vec![Slots::new(places); size.daemons];
        Self {
            size,
            rates,
            activity,
            dice,
            agenda,
            now: 0,
            chats,
            bots: (0..size.bots).map(|_| Bot::default()).collect(),
            dispatch: vec![Station::new(usize::from(rates.dispatch.is_some())); size.daemons],
            replies: each_daemon(rates.replies_at_once),
            sends: each_daemon(rates.sends_at_once),
            databases: vec![Station::new(rates.connections); size.databases],
            broker: Station::new(size.brokers),
            crew: Crew::new(size.workers, rates.pace.clone(), rates.prompt_tokens),
            findings: Findings::default(),
            sent: 0,
        }
    }

    /// Lets so many seconds pass, and then watches for so many.
    pub(crate) fn watch(mut self, warming: f64, span: f64) -> Findings {
        self.run_until(nanos(warming));
        self.findings = Findings::default();
        self.sent = 0;
        self.crew.forget();
        let stations = self.databases.iter_mut().chain(&mut self.dispatch).chain([&mut self.broker]);
        stations.for_each(Station::forget);
        self.run_until(nanos(warming + span));
        self.close(span)
    }

    fn run_until(&mut self, end: Nanos) {
        while let Some((at, event)) = self.agenda.next() {
            if at >= end {
                self.agenda.note(at, event);
                break;
            }
            self.now = at;
            self.happen(event);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Said(chat) => self.said(chat),
            Event::Polled(bot) => self.polled(bot),
            Event::Fetched(bot, updates) => self.fetched(bot, updates),
            Event::Routed(update) => self.routed(update),
            Event::Rested(chat) => {
                self.chats[chat].resting = false;
                self.look(chat);
            }
            Event::Claimed(chat) => self.claimed(chat),
            Event::Dispatched(chat) => self.broker(chat, Event::Handed),
            Event::Handed(chat) => self.handed(chat),
            Event::Stepped(worker) => self.stepped(worker),
            Event::Made(chat) => self.transaction(chat, Event::Ready),
            Event::Ready(chat) => self.ready(chat),
            Event::MayWrite(chat) => self.may_write(chat),
            Event::Turn(chat) => self.transaction(chat, Event::Sent),
            Event::Sent(chat) => self.travel(Event::Arrived(chat)),
            Event::Arrived(chat) => self.arrived(chat),
            Event::Told(chat) => self.transaction(chat, Event::Finished),
            Event::Finished(chat) => self.finished(chat),
        }
    }

    fn said(&mut self, chat: usize) {
        let habit = &self.activity[self.chats[chat].habit];
        let next = self.chats[chat].people.wrote(habit, &mut self.dice);
        let directed = self.dice.happens(habit.directed);
        let update = Update { chat, written: self.now, directed, asks: directed || habit.insanity };
        self.agenda.note(self.now + next, Event::Said(chat));
        self.findings.messages += 1;
        self.findings.asked += u64::from(update.asks);
        let bot = self.size.bot_of(chat);
        self.bots[bot].updates.push_back(update);
        if self.bots[bot].listening {
            self.polled(bot);
        }
    }

    fn polled(&mut self, bot: usize) {
        let waiting = &mut self.bots[bot];
        waiting.listening = waiting.updates.is_empty();
        if waiting.listening {
            return;
        }
        let count = waiting.updates.len().min(self.rates.limits.updates);
        let updates = waiting.updates.drain(..count).collect();
        self.travel(Event::Fetched(bot, updates));
    }

    /// A batch is stored as a whole, and only then is the next one asked for; each of its updates costs the database the same.
    fn fetched(&mut self, bot: usize, updates: Vec<Update>) {
        let service = nanos(self.rates.routing);
        let mut stored = self.now;
        for update in updates {
            stored = self.databases[self.size.database_of(update.chat)].admit(self.now, service);
            self.agenda.note(stored, Event::Routed(update));
        }
        self.agenda.note(stored + nanos(self.rates.round_trip / 2.0), Event::Polled(bot));
    }

    fn routed(&mut self, update: Update) {
        if update.asks {
            let took_a_place = self.chats[update.chat].ask(update.written, update.directed);
            self.findings.merged += u64::from(took_a_place);
            self.look(update.chat);
        }
    }

    /// Begins a reply, where one is wanted, none is under way, and it could leave soon.
    fn look(&mut self, chat: usize) {
        let (group, daemon) = (self.is_group(chat), self.size.daemon_of(chat));
        let there = &mut self.chats[chat];
        if there.busy || there.resting || !there.waits() {
            return;
        }
        let early = may_write(&there.sent, group, &self.rates.limits).saturating_sub(nanos(AHEAD));
        if early > self.now {
            there.resting = true;
            self.agenda.note(early, Event::Rested(chat));
            return;
        }
        there.busy = true;
        if self.replies[daemon].take(chat) {
            self.claim(chat);
        }
    }

    fn claim(&mut self, chat: usize) {
        let group = self.is_group(chat);
        self.findings.merged += self.chats[chat].answer(group) as u64;
        self.transaction(chat, Event::Claimed);
    }

    fn claimed(&mut self, chat: usize) {
        let service = nanos(self.rates.dispatch.unwrap_or_default());
        let done = self.dispatch[self.size.daemon_of(chat)].admit(self.now, service);
        self.agenda.note(done, Event::Dispatched(chat));
    }

    fn handed(&mut self, chat: usize) {
        let task = Task { chat, tokens: self.dice.between(self.rates.reply_tokens) };
        if let Some((worker, took)) = self.crew.ask(task, self.chats[chat].directed) {
            self.agenda.note(self.now + took, Event::Stepped(worker));
        }
    }

    fn stepped(&mut self, worker: usize) {
        let mut done = Vec::new();
        if let Some(took) = self.crew.stepped(worker, &mut done) {
            self.agenda.note(self.now + took, Event::Stepped(worker));
        }
        done.into_iter().for_each(|chat| self.broker(chat, Event::Made));
    }

    fn ready(&mut self, chat: usize) {
        let daemon = self.size.daemon_of(chat);
        if let Some(next) = self.replies[daemon].leave() {
            self.claim(next);
        }
        let may = may_write(&self.chats[chat].sent, self.is_group(chat), &self.rates.limits);
        self.agenda.note(may.max(self.now), Event::MayWrite(chat));
    }

    fn may_write(&mut self, chat: usize) {
        let daemon = self.size.daemon_of(chat);
        if self.sends[daemon].take(chat) {
            self.turn(chat);
        }
    }

    fn turn(&mut self, chat: usize) {
        let bot = self.size.bot_of(chat);
        let turn = self.bots[bot].turn(self.now, &self.rates.limits);
        self.agenda.note(turn, Event::Turn(chat));
    }

    fn arrived(&mut self, chat: usize) {
        let there = &mut self.chats[chat];
        arrived(&mut there.sent, self.now, &self.rates.limits);
        self.findings.waits.push(seconds(self.now - there.asked));
        self.sent += 1;
        self.travel(Event::Told(chat));
    }

    fn finished(&mut self, chat: usize) {
        let daemon = self.size.daemon_of(chat);
        if let Some(next) = self.sends[daemon].leave() {
            self.turn(next);
        }
        self.chats[chat].busy = false;
        self.look(chat);
    }

    /// One of the four transactions of an answered message, and what comes of it.
    fn transaction(&mut self, chat: usize, then: fn(usize) -> Event) {
        let service = nanos(self.rates.answering / ANSWERING);
        let done = self.databases[self.size.database_of(chat)].admit(self.now, service);
        self.agenda.note(done, then(chat));
    }

    /// A message through the broker, and what comes of it.
    fn broker(&mut self, chat: usize, then: fn(usize) -> Event) {
        let done = self.broker.admit(self.now, nanos(self.rates.brokering));
        self.agenda.note(done, then(chat));
    }

    /// Something goes from here to Telegram, or from there to here.
    fn travel(&mut self, then: Event) {
        self.agenda.note(self.now + nanos(self.rates.round_trip / 2.0), then);
    }

    fn is_group(&self, chat: usize) -> bool {
        self.activity[self.chats[chat].habit].group
    }

    fn close(mut self, span: f64) -> Findings {
        let busiest = |stations: &[Station]| stations.iter().map(|station| station.load(span)).fold(0.0, f64::max);
        let sends = self.sent as f64 / span / self.rates.limits.bot_per_second / self.size.bots as f64;
        self.findings.shares = vec![
            Share { name: "bots", load: sends },
            Share { name: "daemons", load: busiest(&self.dispatch) },
            Share { name: "PostgreSQL", load: busiest(&self.databases) },
            Share { name: "RabbitMQ", load: self.broker.load(span) },
            Share { name: "workers", load: self.crew.at_work(span) },
        ];
        let waiting = self.chats.iter().map(|chat| chat.waiting() + usize::from(chat.busy)).sum::<usize>();
        let unfetched = self.bots.iter().flat_map(|bot| &bot.updates).filter(|update| update.asks).count();
        self.findings.left = (waiting + unfetched) as u64;
        self.findings.replies = self.sent;
        self.findings.waits.sort_by(f64::total_cmp);
        self.findings.span = span;
        self.findings
    }
}
