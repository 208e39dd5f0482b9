//! From what all daemons noted to what this one believes. Asks nobody and reads no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::assignment::{Candidate, assign};
use super::view::{View, Whose};
use crate::chat::PersonaName;
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
    /// Personas that could be served here, are nobody's, and aren't taken by who should.
    unclaimed: BTreeMap<PersonaName, Instant>,
    kept: BTreeMap<PersonaName, Kept>,
}

/// A persona that was taken in another's place.
struct Kept {
    until: Instant,
    /// Where somebody had placed it; another word of theirs ends it.
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
        let living = || census.daemons.iter().filter(|daemon| self.living.contains(&daemon.id));
        let candidates: Vec<Candidate> = living().map(candidate).collect();
        let names: BTreeMap<&DaemonId, &DaemonName> = living().map(|daemon| (&daemon.id, &daemon.name)).collect();
        let holders = holders(census, &self.living);
        let plan = assign(&candidates, &holders, &census.placements);
        self.claim(census, &plan, &holders, now);
        let whose = plan.into_iter().map(|(persona, at)| {
            let ours = at == self.me || self.kept.contains_key(&persona);
            let whose = if ours { Whose::Ours } else { Whose::Anothers(names[&at].clone()) };
            (persona, whose)
        });
        let others = holders.iter().filter(|(_, holder)| **holder != self.me);
        let servers = others.map(|(persona, holder)| (persona.clone(), names[holder].clone())).collect();
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
        plan: &BTreeMap<PersonaName, DaemonId>,
        holders: &BTreeMap<PersonaName, DaemonId>,
        now: Instant,
    ) {
        let Some(me) = census.daemons.iter().find(|daemon| daemon.id == self.me) else { return };
        self.kept.retain(|persona, kept| now < kept.until && census.placements.get(persona) == kept.placed.as_ref());
        let forsaken = plan
            .iter()
            .filter(|(persona, at)| **at != self.me && !holders.contains_key(*persona) && me.serves(persona));
        let since = |persona: &PersonaName| self.unclaimed.get(persona).copied().unwrap_or(now);
        self.unclaimed = forsaken.map(|(persona, _)| (persona.clone(), since(persona))).collect();
        for (persona, since) in &self.unclaimed {
            if now - *since >= UNCLAIMED && !self.kept.contains_key(persona) {
                tracing::warn!(%persona, at = %plan[persona], "the daemon that should serve a persona doesn't; trying here");
                let placed = census.placements.get(persona).cloned();
                self.kept.insert(persona.clone(), Kept { until: now + KEPT, placed });
            }
        }
    }
}

fn candidate(daemon: &NotedDaemon) -> Candidate {
    let mut offers = BTreeMap::new();
    for seat in &daemon.seats {
        *offers.entry(seat.persona.clone()).or_default() += 1;
    }
    Candidate { id: daemon.id.clone(), name: daemon.name.clone(), offers }
}

/// Who serves each persona: of two, who does in Telegram, which comes first among the seats.
fn holders(census: &Census, living: &BTreeSet<DaemonId>) -> BTreeMap<PersonaName, DaemonId> {
    let mut holders = BTreeMap::new();
    for holding in census.holdings.iter().filter(|holding| living.contains(&holding.holder)) {
        holders.entry(holding.seat.persona.clone()).or_insert_with(|| holding.holder.clone());
    }
    holders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Seat;
    use crate::store::Holding;
    use crate::testing::NOW;

    fn persona(name: &str) -> PersonaName {
        PersonaName::parse(name).unwrap()
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
        known.placements.insert(persona("b"), DaemonName::parse("other").unwrap());
        assert_eq!(at(&mut round, &known, 14), other());
    }

    #[test]
    fn who_serves_in_telegram_has_the_persona() {
        let held = [holding("a.telegram", "other"), holding("a.web", "me")];
        let both = [daemon("me", "a.telegram a.web", 0), daemon("other", "a.telegram a.web", 0)];
        let view = Round::new(id("me")).hear(&census(&both, &held), Instant::now());
        assert_eq!(view.whose(&persona("a")), other());
    }
}
