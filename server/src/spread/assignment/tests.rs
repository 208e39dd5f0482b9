//! Who goes where, by example and by law.

use proptest::prelude::*;

use super::*;

type Placement = BTreeMap<PersonaName, DaemonId>;

fn persona(number: usize) -> PersonaName {
    PersonaName::parse(&format!("p{number:02}")).unwrap()
}

fn id(number: usize) -> DaemonId {
    DaemonId(format!("d{number}"))
}

fn name(number: usize) -> DaemonName {
    DaemonName::parse(&format!("d{number}")).unwrap()
}

/// A daemon that can serve these personas somehow.
fn daemon(number: usize, personas: impl IntoIterator<Item = usize>) -> Candidate {
    let offers = personas.into_iter().map(|number| (persona(number), 1)).collect();
    Candidate { id: id(number), name: name(number), offers }
}

fn held(pairs: impl IntoIterator<Item = (usize, usize)>) -> Placement {
    pairs.into_iter().map(|(number, daemon)| (persona(number), id(daemon))).collect()
}

fn nobody_placed() -> BTreeMap<PersonaName, DaemonName> {
    BTreeMap::new()
}

fn loads(placement: &Placement, daemons: usize) -> Vec<usize> {
    (0..daemons).map(|number| placement.values().filter(|at| **at == id(number)).count()).collect()
}

#[test]
fn ten_personas_of_one_daemon_are_shared_with_a_second() {
    let daemons = [daemon(0, 0..10), daemon(1, 0..10)];
    let before = held((0..10).map(|number| (number, 0)));
    let after = assign(&daemons, &before, &nobody_placed());
    assert_eq!(loads(&after, 2), [5, 5]);
    let stayed = after.iter().filter(|(persona, at)| before[*persona] == **at).count();
    assert_eq!(stayed, 5);
    assert_eq!(assign(&daemons[..1], &after, &nobody_placed()), before, "and the first takes them back");
}

#[test]
fn one_more_or_less_is_no_reason_to_move() {
    let daemons = [daemon(0, 0..5), daemon(1, 0..5)];
    let before = held([(0, 0), (1, 1), (2, 1), (3, 0), (4, 1)]);
    assert_eq!(assign(&daemons, &before, &nobody_placed()), before);
}

#[test]
fn whoever_is_placed_goes_there_and_the_others_make_room() {
    let daemons = [daemon(0, 0..6), daemon(1, 0..6)];
    let before = held((0..6).map(|number| (number, number / 3)));
    let after = assign(&daemons, &before, &[(persona(0), name(1))].into());
    assert_eq!((loads(&after, 2), &after[&persona(0)]), (vec![3, 3], &id(1)));
    let all = (0..6).map(|number| (persona(number), name(1))).collect();
    assert_eq!(loads(&assign(&daemons, &before, &all), 2), [0, 6], "what was said by hand counts more than balance");
    let gone = [(persona(0), name(7))].into();
    assert_eq!(assign(&daemons, &before, &gone), before, "a daemon that is gone can't serve anybody");
    let stranger = [(persona(0), name(1))].into();
    let after = assign(&[daemon(0, 0..6), daemon(1, 1..6)], &before, &stranger);
    assert_eq!(after[&persona(0)], id(0), "nor one that can't");
}

#[test]
fn whoever_can_serve_it_best_serves_it() {
    let mut worse = daemon(0, 0..2);
    let mut better = daemon(1, 0..2);
    better.offers.insert(persona(0), 2);
    let before = held([(0, 0), (1, 1)]);
    let after = assign(&[worse.clone(), better.clone()], &before, &nobody_placed());
    assert_eq!(after, held([(0, 1), (1, 0)]));
    worse.offers.insert(persona(0), 2);
    assert_eq!(assign(&[worse, better], &before, &nobody_placed()), before);
}

#[test]
fn room_is_made_by_way_of_a_third() {
    // 0 can give to 1 alone, and 1 to 2 alone.
    let daemons = [daemon(0, 0..4), daemon(1, 2..6), daemon(2, 4..6)];
    let before = held([(0, 0), (1, 0), (2, 0), (3, 0), (4, 1), (5, 1)]);
    assert_eq!(loads(&assign(&daemons, &before, &nobody_placed()), 3), [2, 2, 2]);
}

#[test]
fn nobody_can_serve_anybody() {
    assert!(assign(&[], &held([(0, 0)]), &nobody_placed()).is_empty());
    assert!(assign(&[daemon(0, [])], &held([(0, 0)]), &nobody_placed()).is_empty());
}

/// Daemons, some of which know some personas only; who serves whom now, were it somebody gone; who is placed where.
fn situations() -> impl Strategy<Value = (Vec<Candidate>, Placement, BTreeMap<PersonaName, DaemonName>)> {
    let offers = proptest::collection::vec(0..3u8, 12);
    let daemons = proptest::collection::vec(offers, 1..5);
    let before = proptest::collection::btree_map(0..12usize, 0..6usize, 0..12);
    let placed = proptest::collection::btree_map(0..12usize, 0..6usize, 0..4);
    (daemons, before, placed).prop_map(|(daemons, before, placed)| {
        let candidate = |(number, offers): (usize, Vec<u8>)| {
            let offers = offers.into_iter().enumerate().filter(|(_, offer)| *offer > 0);
            let offers = offers.map(|(number, offer)| (persona(number), offer)).collect();
            Candidate { id: id(number), name: name(number), offers }
        };
        let candidates = daemons.into_iter().enumerate().map(candidate).collect();
        let placed = placed.into_iter().map(|(number, daemon)| (persona(number), name(daemon))).collect();
        (candidates, held(before), placed)
    })
}

proptest! {
    #[test]
    fn everybody_is_served_by_somebody_who_can((daemons, before, placed) in situations()) {
        let after = assign(&daemons, &before, &placed);
        let offered: BTreeSet<_> = daemons.iter().flat_map(|one| one.offers.keys().cloned()).collect();
        prop_assert_eq!(after.keys().cloned().collect::<BTreeSet<_>>(), offered);
        for (persona, at) in &after {
            let offer = |one: &Candidate| one.offers.get(persona).copied().unwrap_or_default();
            let server = daemons.iter().find(|one| one.id == *at).unwrap();
            prop_assert!(offer(server) > 0);
            let wanted = daemons.iter().find(|one| placed.get(persona) == Some(&one.name)).filter(|one| offer(one) > 0);
            match wanted {
                Some(wanted) => prop_assert_eq!(&wanted.id, at),
                None => prop_assert_eq!(Some(offer(server)), daemons.iter().map(offer).max()),
            }
        }
    }

    #[test]
    fn what_was_carried_out_stays_as_it_is((daemons, before, placed) in situations()) {
        let after = assign(&daemons, &before, &placed);
        prop_assert_eq!(assign(&daemons, &after, &placed), after);
    }

    #[test]
    fn the_order_of_the_daemons_means_nothing((daemons, before, placed) in situations()) {
        let turned: Vec<Candidate> = daemons.iter().rev().cloned().collect();
        prop_assert_eq!(assign(&turned, &before, &placed), assign(&daemons, &before, &placed));
    }

    #[test]
    fn where_all_know_all_counts_are_even_and_nobody_moves_without_need(
        daemons in 1..6usize,
        before in proptest::collection::btree_map(0..15usize, 0..7usize, 0..15),
    ) {
        let candidates: Vec<Candidate> = (0..daemons).map(|number| daemon(number, 0..15)).collect();
        let before = held(before);
        let after = assign(&candidates, &before, &nobody_placed());
        let counts = loads(&after, daemons);
        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        prop_assert!(most - least <= 1, "{:?}", counts);
        // Of those who are served, so many must move: the fullest keep the larger shares.
        let mut former = loads(&before, daemons);
        former.sort_unstable_by(|one, other| other.cmp(one));
        let share = |rank: usize| 15 / daemons + usize::from(rank < 15 % daemons);
        let least_moves: usize = former.iter().enumerate().map(|(rank, count)| count.saturating_sub(share(rank))).sum();
        let alive = |at: &DaemonId| candidates.iter().any(|one| one.id == *at);
        let moves = before.iter().filter(|(persona, at)| alive(at) && after[*persona] != **at).count();
        prop_assert_eq!(moves, least_moves);
    }
}
