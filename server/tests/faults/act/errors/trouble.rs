//! What goes wrong next: every scripted fault of every call that the daemon makes, one after the other in an order of the
//! dice; clocks that jump; people who block.

use std::collections::BTreeSet;
use std::time::Duration;

use maskarad_testbed::{BadRequestKind, Fault, FaultHandle, FaultSpec, ForbiddenKind};

use crate::dice::Dice;
use crate::stage::Stage;

/// A call and what befalls it.
type Item = (&'static str, Fault);

/// How far the clock is off when it jumps, in seconds: within the backlog's limit, beyond it, and ahead.
const CLOCKS: [i64; 5] = [-300, -900, -7200, 45, 3600];
/// Faults of a kind that wait for their call.
const IN_WAIT: usize = 4;

/// The faults to come.
pub(super) struct Trouble {
    dice: Dice,
    /// Of calls that are made all the time.
    running: Vec<Item>,
    /// Of calls that are made when a daemon comes up.
    starting: Vec<Item>,
    clocks: Vec<i64>,
    /// How far each list has come.
    next: Next,
    scripted: Vec<(String, FaultHandle)>,
    /// Steps until the clock is right again.
    wrong: usize,
}

/// How far each list has come.
#[derive(Default)]
struct Next {
    running: usize,
    starting: usize,
    clock: usize,
}

impl Trouble {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::seeded(seed ^ 0x7B0B);
        let (mut running, mut starting, mut clocks) = (running(), starting(), CLOCKS.to_vec());
        shuffle(&mut dice, &mut running);
        shuffle(&mut dice, &mut starting);
        shuffle(&mut dice, &mut clocks);
        Self { dice, running, starting, clocks, next: Next::default(), scripted: Vec::new(), wrong: 0 }
    }

    /// Whether some fault hasn't had its turn yet, or hasn't met its call.
    pub(super) fn is_owing(&self) -> bool {
        let turns = self.next.running < self.running.len() || self.next.clock < self.clocks.len();
        turns || !self.never_fired().is_empty()
    }

    /// Some more goes wrong.
    pub(super) fn step(&mut self, stage: &mut Stage) {
        let waiting = self.scripted.iter().filter(|(_, script)| script.fired() == 0).count();
        if waiting < IN_WAIT * 3 {
            for _ in 0..1 + self.dice.below(2) {
                let item = self.running[self.next.running % self.running.len()].clone();
                self.next.running += 1;
                self.script(stage, item);
            }
        }
        self.jump(stage);
        if self.dice.chance(0.05) {
            self.block(stage);
        }
    }

    /// Trouble for a daemon that comes up.
    pub(super) fn at_start(&mut self, stage: &mut Stage) {
        for _ in 0..2 {
            let item = self.starting[self.next.starting % self.starting.len()].clone();
            self.next.starting += 1;
            self.script(stage, item);
        }
    }

    /// What was scripted and never happened.
    pub(super) fn never_fired(&self) -> BTreeSet<String> {
        let fired: BTreeSet<&String> =
            self.scripted.iter().filter(|(_, script)| script.fired() > 0).map(|(what, _)| what).collect();
        self.scripted.iter().map(|(what, _)| what).filter(|what| !fired.contains(what)).cloned().collect()
    }

    fn script(&mut self, stage: &Stage, (method, fault): Item) {
        // A refusal for good befalls one message only, anything else may repeat.
        let last = matches!(fault, Fault::Forbidden(_) | Fault::BadRequest(_) | Fault::Unauthorized);
        let times = if last || self.dice.chance(0.7) { 1 } else { 2 };
        let what = format!("{method} {fault:?}");
        let script = stage.tg.fault(FaultSpec::new(fault).method(method).times(times));
        self.scripted.push((what, script));
    }

    fn jump(&mut self, stage: &mut Stage) {
        if self.wrong > 0 {
            self.wrong -= 1;
            if self.wrong == 0 {
                set_clock(stage, 0);
            }
        } else if self.dice.chance(0.2) {
            self.wrong = 1 + self.dice.below(2);
            set_clock(stage, self.clocks[self.next.clock % self.clocks.len()]);
            self.next.clock += 1;
        }
    }

    /// Somebody blocks a persona, until they write again.
    fn block(&mut self, stage: &mut Stage) {
        let private: Vec<_> = stage.cast.rooms.iter().filter(|room| room.group().is_none()).collect();
        let room = self.dice.pick(&private);
        let (person, bot) = (&stage.cast.people[room.people[0]], &stage.cast.parts[room.parts[0]].bot);
        stage.script.closed.insert((bot.id(), person.id().into()));
        person.blocks(bot);
    }
}

fn set_clock(stage: &mut Stage, seconds: i64) {
    stage.tg.shift_clock(seconds);
    stage.crowd.clock = seconds;
}

fn shuffle<T>(dice: &mut Dice, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        items.swap(last, dice.below(last + 1));
    }
}

/// What may befall any call.
fn anywhere(slow: Duration) -> Vec<Fault> {
    let mut faults = vec![
        Fault::TooManyRequests { retry_after: 1 },
        Fault::TooManyRequests { retry_after: 2 },
        Fault::DropConnection,
        Fault::LostAnswer,
        Fault::Malformed,
        Fault::Slow(slow),
        Fault::Held(slow),
        Fault::Unauthorized,
    ];
    faults.extend([500, 502, 503, 504].map(Fault::ServerError));
    faults
}

fn refusals() -> Vec<Fault> {
    use BadRequestKind::{ChatNotFound, Empty, Other, ReplyNotFound, ThreadNotFound, TooLong};
    use ForbiddenKind::{Blocked, CantInitiate, Deactivated, Kicked, NotAMember};
    let forbidden = [Blocked, Kicked, NotAMember, CantInitiate, Deactivated].map(Fault::Forbidden);
    let bad = [ThreadNotFound, ReplyNotFound, Empty, TooLong, ChatNotFound, Other("PEER_ID_INVALID".to_owned())];
    forbidden.into_iter().chain(bad.map(Fault::BadRequest)).collect()
}

fn running() -> Vec<Item> {
    let second = Duration::from_secs(1);
    let mut items: Vec<Item> = Vec::new();
    for method in ["sendMessage", "getUpdates", "sendChatAction", "getChatMember"] {
        items.extend(anywhere(second).into_iter().map(|fault| (method, fault)));
    }
    items.extend(refusals().into_iter().map(|fault| ("sendMessage", fault)));
    for method in ["sendChatAction", "getChatMember"] {
        items.push((method, Fault::Forbidden(ForbiddenKind::Kicked)));
        items.push((method, Fault::BadRequest(BadRequestKind::ChatNotFound)));
    }
    items.push(("getUpdates", Fault::Conflict));
    items
}

fn starting() -> Vec<Item> {
    let moment = Duration::from_millis(300);
    let mut items: Vec<Item> = anywhere(moment).into_iter().map(|fault| ("getMe", fault)).collect();
    items.push(("setMyCommands", Fault::TooManyRequests { retry_after: 1 }));
    items.push(("setMyCommands", Fault::ServerError(500)));
    items.push(("setMyCommands", Fault::DropConnection));
    items
}
