//! From what all daemons noted to what this one believes. Asks nobody and reads no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::assignment::{Candidate, assign};
use super::view::{View, Whose};
use crate::chat::{Seat, TransportKind};
use crate::store::{Census, DaemonId, DaemonName, NotedDaemon};

/// Whoever hears nothing for so long doesn't know whether the others were silent, or the database was.
const OUT_OF_TOUCH: Duration = Duration::from_secs(6);
/// How long a persona may be nobody's before another than who should serve it tries.
const UNCLAIMED: Duration = Duration::from_secs(10);
/// For how long that one keeps it then.
const KEPT: Duration = Duration::from_secs(300);

/// What a daemon remembers from one look to the next.
pub(super) struct Round {
    me: DaemonId,
    /// When it last heard of the others.
    heard: Option<Instant>,
    /// Who lived then.
    living: BTreeSet<DaemonId>,
    /// Until when nobody who lived then is given up.
    patient_until: Option<Instant>,
    /// What could be served here, is nobody's, and isn't taken by who should.
    unclaimed: BTreeMap<Seat, Instant>,
    kept: BTreeMap<Seat, Kept>,
}

/// What was taken in another's place.
struct Kept {
    until: Instant,
    /// Where somebody had placed the persona; another word of theirs ends it.
    placed: Option<DaemonName>,
}

impl Round {
    pub(super) fn new(me: DaemonId) -> Self {
        let (unclaimed, kept) = (BTreeMap::new(), BTreeMap::new());
        Self { me, heard: None, living: BTreeSet::new(), patient_until: None, unclaimed, kept }
    }

    /// Learns what all daemons noted.
    pub(super) fn hear(&mut self, census: &Census, now: Instant) -> View {
        self.judge(census, now);
        let living: BTreeMap<&DaemonId, &NotedDaemon> =
            census.daemons.iter().map(|daemon| (&daemon.id, daemon)).collect();
        let living: BTreeMap<_, _> = living.into_iter().filter(|(id, _)| self.living.contains(id)).collect();
        let holders = census.holdings.iter().filter(|held| living.contains_key(&held.holder));
        let holders: BTreeMap<&Seat, &DaemonId> = holders.map(|held| (&held.seat, &held.holder)).collect();
        let plan = plan(&living, &holders, census);
        self.claim(census, &plan, &holders, now);
        let whose = plan.into_iter().map(|(seat, at)| {
            let ours = *at == self.me || self.kept.contains_key(seat);
            let whose = if ours { Whose::Ours } else { Whose::Anothers(living[at].name.clone()) };
            (seat.clone(), whose)
        });
        let others = holders.iter().filter(|(_, holder)| ***holder != self.me);
        let servers = others.map(|(seat, holder)| ((*seat).clone(), living[*holder].name.clone())).collect();
        View { whose: whose.collect(), servers, living: self.living.clone() }
    }

    /// Finds out who lives. After the database was away nobody's silence counts for a while.
    fn judge(&mut self, census: &Census, now: Instant) {
        if self.heard.replace(now).is_some_and(|heard| now - heard > OUT_OF_TOUCH) {
            self.patient_until = Some(now + NotedDaemon::GONE_AFTER);
        }
        let patient = self.patient_until.is_some_and(|until| now < until);
        let alive = |daemon: &&NotedDaemon| daemon.is_alive() || (patient && self.living.contains(&daemon.id));
        self.living = census.daemons.iter().filter(alive).map(|daemon| daemon.id.clone()).collect();
    }

    /// Notes what nobody takes, and takes it after a while.
    fn claim(
        &mut self,
        census: &Census,
        plan: &BTreeMap<&Seat, &DaemonId>,
        holders: &BTreeMap<&Seat, &DaemonId>,
        now: Instant,
    ) {
        let Some(me) = census.daemons.iter().find(|daemon| daemon.id == self.me) else { return };
        let placed = |seat: &Seat| census.placements.get(&seat.persona);
        self.kept.retain(|seat, kept| now < kept.until && placed(seat) == kept.placed.as_ref());
        let forsaken = plan
            .iter()
            .filter(|(seat, at)| ***at != self.me && !holders.contains_key(*seat) && me.seats.contains(*seat));
        let since = |seat: &Seat| self.unclaimed.get(seat).copied().unwrap_or(now);
        self.unclaimed = forsaken.map(|(seat, _)| ((*seat).clone(), since(seat))).collect();
        for (seat, since) in &self.unclaimed {
            if now - *since >= UNCLAIMED && !self.kept.contains_key(seat) {
                tracing::warn!(%seat, at = %plan[seat], "the daemon that should serve a persona doesn't; trying here");
                self.kept.insert(seat.clone(), Kept { until: now + KEPT, placed: placed(seat).cloned() });
            }
        }
    }
}

/// Who should serve what. A persona's daemon serves it wherever it can, and where it can't another does: the one that does
/// already, or else the first.
fn plan<'a>(
    living: &BTreeMap<&'a DaemonId, &'a NotedDaemon>,
    holders: &BTreeMap<&'a Seat, &'a DaemonId>,
    census: &'a Census,
) -> BTreeMap<&'a Seat, &'a DaemonId> {
    let candidates: Vec<Candidate> = living.values().map(|daemon| candidate(daemon)).collect();
    let mut held = BTreeMap::new();
    // Who serves it in Telegram has the persona; that comes first among the seats.
    for (seat, holder) in holders {
        held.entry(seat.persona.clone()).or_insert_with(|| DaemonId::clone(holder));
    }
    let personas = assign(&candidates, &held, &census.placements);
    let mut plan = BTreeMap::new();
    for seat in living.values().flat_map(|daemon| &daemon.seats) {
        let able = || living.iter().filter(|(_, daemon)| daemon.seats.contains(seat)).map(|(id, _)| *id);
        let chosen = [personas.get(&seat.persona), holders.get(seat).copied()];
        let chosen = chosen.into_iter().flatten().find_map(|wanted| able().find(|id| *id == wanted));
        if let Some(at) = chosen.or_else(|| able().next()) {
            plan.insert(seat, at);
        }
    }
    plan
}

/// Whoever is in Telegram serves a persona better than whoever has it in rooms alone.
fn candidate(daemon: &NotedDaemon) -> Candidate {
    let mut offers = BTreeMap::new();
    for seat in &daemon.seats {
        let offer = match seat.transport {
            TransportKind::Telegram => 2,
            TransportKind::Web => 1,
        };
        let best = offers.entry(seat.persona.clone()).or_insert(offer);
        *best = offer.max(*best);
    }
    Candidate { id: daemon.id.clone(), name: daemon.name.clone(), offers }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Holding;
    use crate::testing::NOW;

    /// A persona in Telegram.
    fn persona(name: &str) -> Seat {
        Seat::parse(&format!("{name}.telegram")).unwrap()
    }

    fn id(name: &str) -> DaemonId {
        DaemonId(format!("{name}:1:f"))
    }

    /// A daemon that can serve these personas, silent for so many seconds.
    fn daemon(name: &str, seats: &str, silent: u64) -> NotedDaemon {
        let seats = seats.split_whitespace().map(|seat| Seat::parse(seat).unwrap()).collect();
        let silent = Duration::from_secs(silent);
        NotedDaemon { id: id(name), name: DaemonName::parse(name).unwrap(), seats, silent }
    }

    fn holding(seat: &str, holder: &str) -> Holding {
        Holding { seat: Seat::parse(seat).unwrap(), holder: id(holder), since: NOW }
    }

    fn census(daemons: &[NotedDaemon], holdings: &[Holding]) -> Census {
        Census { daemons: daemons.to_vec(), holdings: holdings.to_vec(), placements: BTreeMap::new() }
    }

    fn other() -> Whose {
        Whose::Anothers(DaemonName::parse("other").unwrap())
    }

    const BOTH: &str = "a.telegram b.telegram";

    #[test]
    fn a_second_daemon_gets_its_share_and_a_silent_one_loses_it() {
        let mut round = Round::new(id("me"));
        let begin = Instant::now();
        let both_here = [holding("a.telegram", "me"), holding("b.telegram", "me")];
        let alone = round.hear(&census(&[daemon("me", BOTH, 0)], &both_here), begin);
        assert_eq!((alone.whose(&persona("a")), alone.whose(&persona("b"))), (Whose::Ours, Whose::Ours));
        let shared = round.hear(&census(&[daemon("me", BOTH, 0), daemon("other", BOTH, 0)], &both_here), begin);
        assert_eq!((shared.whose(&persona("a")), shared.whose(&persona("b"))), (Whose::Ours, other()));
        let one_each = [holding("a.telegram", "me"), holding("b.telegram", "other")];
        let served = round.hear(&census(&[daemon("me", BOTH, 0), daemon("other", BOTH, 3)], &one_each), begin);
        assert_eq!(served.server(&persona("b")).unwrap().as_str(), "other");
        assert_eq!(served.server(&persona("a")), None, "this one does");
        let silent = round.hear(&census(&[daemon("me", BOTH, 0), daemon("other", BOTH, 11)], &one_each), begin);
        assert_eq!((silent.whose(&persona("b")), silent.server(&persona("b"))), (Whose::Ours, None));
        assert_eq!(silent.whose(&persona("c")), Whose::Anyones);
    }

    #[test]
    fn an_outage_of_the_database_is_nobodys_silence() {
        let mut round = Round::new(id("me"));
        let begin = Instant::now();
        let held = [holding("a.telegram", "me"), holding("b.telegram", "other")];
        let at = |round: &mut Round, seconds, silent| {
            let both = [daemon("me", BOTH, 0), daemon("other", BOTH, silent)];
            round.hear(&census(&both, &held), begin + Duration::from_secs(seconds)).whose(&persona("b"))
        };
        assert_eq!(at(&mut round, 0, 0), other());
        assert_eq!(at(&mut round, 60, 61), other(), "it couldn't say that it lives");
        for seconds in (62..70).step_by(2) {
            assert_eq!(at(&mut round, seconds, seconds), other());
        }
        assert_eq!(at(&mut round, 71, 72), Whose::Ours, "by now it could have");
    }

    #[test]
    fn what_nobody_takes_is_taken_after_a_while_and_kept_until_somebody_says_otherwise() {
        let mut round = Round::new(id("me"));
        let begin = Instant::now();
        let both = [daemon("me", BOTH, 0), daemon("other", BOTH, 0)];
        let mut known = census(&both, &[holding("a.telegram", "me")]);
        let at = |round: &mut Round, known: &Census, seconds| {
            round.hear(known, begin + Duration::from_secs(seconds)).whose(&persona("b"))
        };
        for seconds in (0..10).step_by(2) {
            assert_eq!(at(&mut round, &known, seconds), other());
        }
        assert_eq!(at(&mut round, &known, 10), Whose::Ours);
        known.holdings.push(holding("b.telegram", "me"));
        assert_eq!(at(&mut round, &known, 12), Whose::Ours, "no to and fro");
        known.placements.insert(persona("b").persona, DaemonName::parse("other").unwrap());
        assert_eq!(at(&mut round, &known, 14), other());
    }

    #[test]
    fn who_serves_in_telegram_has_the_persona_in_rooms_too_where_it_has_rooms() {
        let web = Seat::parse("a.web").unwrap();
        let held = [holding("a.telegram", "other"), holding("a.web", "me")];
        let mut both = [daemon("me", "a.telegram a.web", 0), daemon("other", "a.telegram a.web", 0)];
        let hear = |daemons: &[NotedDaemon]| Round::new(id("me")).hear(&census(daemons, &held), Instant::now());
        let view = hear(&both);
        assert_eq!((view.whose(&persona("a")), view.whose(&web)), (other(), other()));
        both[1].seats.remove(&web);
        let view = hear(&both);
        assert_eq!((view.whose(&persona("a")), view.whose(&web)), (other(), Whose::Ours), "no page is there");
        both[1].seats = [web.clone()].into();
        let view = hear(&both);
        assert_eq!((view.whose(&persona("a")), view.whose(&web)), (Whose::Ours, Whose::Ours), "no Telegram is there");
    }
}
