//! The simulation against closed forms of queueing theory, and against itself: the same seed, the same figures. A target of its
//! own, because a benchmark has no tests.

mod simulation;

use simulation::agenda::Agenda;
use simulation::dice::Dice;
use simulation::station::Station;
use simulation::telegram::{Bot, arrived, may_write};
use simulation::workers::step_seconds;
use simulation::{Deployment, Findings, Habit, Limits, Nanos, Offered, Office, Pace, Rates, nanos, seconds};

const CUSTOMERS: u32 = 400_000;

/// How long customers wait in the mean who come at random, `load` of them in the time that one is served in the mean by one server.
fn mean_wait(servers: usize, load: f64, mut service: impl FnMut(&mut Dice) -> Nanos) -> f64 {
    let (mut station, mut dice, mut now, mut waited) = (Station::new(servers), Dice::new(7), 0, 0);
    for _ in 0..CUSTOMERS {
        now += dice.exponential(1.0 / load);
        let service = service(&mut dice);
        waited += station.admit(now, service) - now - service;
    }
    seconds(waited) / f64::from(CUSTOMERS)
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found / expected - 1.0).abs() < tolerance, "{found} is not {expected}");
}

#[test]
fn random_service_waits_as_m_m_1_says() {
    for load in [0.3, 0.6, 0.8] {
        near(mean_wait(1, load, |dice| dice.exponential(1.0)), load / (1.0 - load), 0.05);
    }
}

#[test]
fn even_service_waits_as_m_d_1_says() {
    for load in [0.3, 0.6, 0.8] {
        near(mean_wait(1, load, |_| nanos(1.0)), load / (2.0 * (1.0 - load)), 0.05);
    }
}

#[test]
fn several_servers_wait_as_erlang_says() {
    // M/M/c with c = 6 and an offered load of 4.2: Erlang's C over c(1 - ρ).
    let (servers, offered) = (6, 4.2_f64);
    let (mut term, mut sum) = (1.0, 0.0);
    for below in 0..servers {
        sum += term;
        term *= offered / f64::from(below + 1);
    }
    let full = term / (1.0 - offered / f64::from(servers));
    let expected = full / (sum + full) / (f64::from(servers) - offered);
    near(mean_wait(6, offered, |dice| dice.exponential(1.0)), expected, 0.06);
}

#[test]
fn a_station_without_servers_holds_nobody_up() {
    assert_eq!(Station::new(0).admit(5, 100), 5);
}

#[test]
fn events_of_one_moment_keep_their_order() {
    let mut agenda = Agenda::new();
    [(3, 'd'), (1, 'a'), (2, 'b'), (2, 'c')].into_iter().for_each(|(at, event)| agenda.note(at, event));
    let order: String = std::iter::from_fn(|| agenda.next()).map(|(_, event)| event).collect();
    assert_eq!(order, "abcd");
}

#[test]
fn no_minute_holds_more_than_twenty_in_a_group() {
    let (mut sent, mut now, limits) = (Default::default(), 0, rates().limits);
    let times: Vec<Nanos> = (0..60)
        .map(|_| {
            now = may_write(&sent, true, &limits).max(now);
            arrived(&mut sent, now, &limits);
            now
        })
        .collect();
    assert_eq!([times[1], times[19], times[20], times[40]], [1.0, 19.0, 60.0, 120.0].map(nanos));
}

#[test]
fn a_bots_turns_are_spread() {
    let (mut bot, limits) = (Bot::default(), rates().limits);
    let turns: Vec<Nanos> = (0..31).map(|_| bot.turn(0, &limits)).collect();
    near(seconds(turns[30]), 1.0, 1e-6);
}

#[test]
fn a_step_lies_between_those_that_were_measured() {
    let pace = rates().pace;
    assert_eq!(step_seconds(&pace, 1), 0.01);
    assert_eq!(step_seconds(&pace, 11), 0.02);
    assert!((step_seconds(&pace, 6) - 0.015).abs() < 1e-12);
}

#[test]
fn messages_come_as_often_as_the_habits_say() {
    let found = office(3, 200);
    let offered = Offered::of(&habits(), 200);
    near(found.messages as f64 / found.span, offered.messages, 0.05);
    near(found.asked as f64 / found.span, offered.replies, 0.05);
}

#[test]
fn the_same_seed_finds_the_same() {
    assert_eq!(office(1, 60), office(1, 60));
    assert_ne!(office(1, 60).waits, office(2, 60).waits);
}

#[test]
fn whoever_asks_is_answered_or_merged_or_left() {
    let rates = rates();
    let found = Office::new(size(80), &rates, &habits(), 4).watch(0.0, 2000.0);
    // Of what was asked for, only that may be missing which the poll, the router or the bot's turn has just in hand.
    let told = found.replies + found.merged + found.left;
    assert!(found.asked >= told && found.asked - told < 5, "{found:?}");
    assert_eq!(found.replies as usize, found.waits.len());
}

#[test]
fn an_idle_chat_waits_for_nothing_but_the_work_itself() {
    let rates = rates();
    let lonely =
        [Habit { share: 1.0, pause: 100.0, burst: 1.0, gap: 1.0, directed: 1.0, insanity: false, group: false }];
    let found = Office::new(size(1), &rates, &lonely, 1).watch(0.0, 50_000.0);
    // Half a trip in, routing, a transaction, the broker, the prompt, ten tokens, the broker, two transactions, half a trip out.
    let work = 0.05 + 0.002 + 0.001 + 0.001 + 0.01 + 0.1 + 0.001 + 0.002 + 0.05;
    near(found.quantile(0.5).expect("there were replies"), work, 0.001);
}

fn office(seed: u64, chats: usize) -> Findings {
    Office::new(size(chats), &rates(), &habits(), seed).watch(300.0, 6000.0)
}

fn size(chats: usize) -> Deployment {
    Deployment { chats, bots: 2, daemons: 1, databases: 1, brokers: 1, workers: 2 }
}

fn habits() -> Vec<Habit> {
    vec![
        Habit { share: 0.5, pause: 300.0, burst: 4.0, gap: 10.0, directed: 1.0, insanity: false, group: false },
        Habit { share: 0.5, pause: 300.0, burst: 12.0, gap: 5.0, directed: 0.2, insanity: true, group: true },
    ]
}

fn rates() -> Rates {
    Rates {
        routing: 0.002,
        answering: 0.004,
        connections: 6,
        brokering: 0.001,
        dispatch: None,
        replies_at_once: 64,
        sends_at_once: 64,
        pace: Pace { decoding: vec![(1, 100.0), (11, 550.0)], prefill: 1000.0 },
        prompt_tokens: 10.0,
        reply_tokens: (10, 10),
        round_trip: 0.1,
        limits: Limits { bot_per_second: 30.0, chat_interval: 1.0, group_per_minute: 20, updates: 100 },
    }
}
