//! Promises of the pairing, tried on made-up chats.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What happens in a chat.
#[derive(Clone, Copy, Debug)]
struct Step {
    kind: u8,
    author: u8,
    seconds: i64,
    back: Option<i64>,
}

fn step() -> impl Strategy<Value = Step> {
    let back = prop_oneof![3 => Just(None), 1 => (1i64..40).prop_map(Some)];
    (0u8..20, 0u8..4, 0i64..900, back).prop_map(|(kind, author, seconds, back)| Step { kind, author, seconds, back })
}

fn author(number: u8) -> Author {
    Author { id: format!("user{number}"), name: None }
}

/// Runs a chat whose texts are the messages' numbers.
fn dialogues(steps: &[Step], rules: Rules) -> (Vec<Dialogue>, u64) {
    let mut told = Vec::new();
    let mut sink = |dialogue| {
        told.push(dialogue);
        Ok(())
    };
    let mut pairing = Pairing::new("chat".to_owned(), rules);
    let mut time = time::macros::datetime!(2024-01-01 23:00 UTC);
    for (id, step) in (1..).zip(steps) {
        time += time::Duration::seconds(step.seconds);
        let reply = step.back.map_or(Reply::Nothing, |back| Reply::To(id - back));
        let author = author(step.author);
        match step.kind {
            0 => pairing.cut(id, &mut sink),
            1 => pairing.silence(id, Some(&author), &mut sink),
            2 => pairing.silence(id, None, &mut sink),
            _ => pairing.message(Message { id, reply, author, time: Some(time), text: id.to_string() }, &mut sink),
        }
        .unwrap();
    }
    let joined = pairing.finish(&mut sink).unwrap();
    (told, joined)
}

proptest! {
    #[test]
    fn every_message_stands_once_as_itself(steps in prop::collection::vec(step(), 0..120), context in 0usize..6) {
        let (dialogues, joined) = dialogues(&steps, Rules { context, ..Rules::default() });
        let mut times: BTreeMap<i64, u32> = BTreeMap::new();
        let turns = dialogues.iter().flat_map(|dialogue| &dialogue.turns).filter(|turn| !turn.context);
        for id in turns.clone().flat_map(|turn| turn.text.lines()) {
            *times.entry(id.parse().unwrap()).or_default() += 1;
        }
        let said: BTreeMap<i64, u32> = (1..).zip(&steps).filter(|(_, step)| step.kind > 2).map(|(id, _)| (id, 1)).collect();
        prop_assert_eq!(turns.count() as u64 + joined, said.len() as u64);
        prop_assert_eq!(times, said);
    }

    #[test]
    fn dialogues_are_in_order_and_as_long_as_wanted(steps in prop::collection::vec(step(), 0..120), context in 0usize..6) {
        for dialogue in dialogues(&steps, Rules { context, ..Rules::default() }).0 {
            let turns = &dialogue.turns;
            prop_assert!(!turns.is_empty() && turns.len() <= context + 1);
            prop_assert!(turns.is_sorted_by_key(|turn| turn.time));
            prop_assert!(!turns[turns.len() - 1].context, "the last turn is what the dialogue is about");
            // Only what begins a conversation is told as itself before the end.
            for (index, turn) in turns.iter().enumerate() {
                prop_assert!(turn.context || index == 0 || index + 1 == turns.len());
            }
        }
    }

    #[test]
    fn a_turn_answers_what_it_replies_to_or_a_neighbour(steps in prop::collection::vec(step(), 0..80)) {
        let rules = Rules { context: 1, ..Rules::default() };
        for dialogue in dialogues(&steps, rules).0 {
            let [parent, turn] = dialogue.turns.as_slice() else { continue };
            let first: i64 = turn.text.lines().next().unwrap().parse().unwrap();
            let step = steps[first as usize - 1];
            let target = step.back.map(|back| first - back).filter(|target| *target > 0);
            let answered = |id: i64| parent.text.lines().any(|line| line == id.to_string());
            let close = turn.time.unwrap() - parent.time.unwrap();
            let neighbour = parent.author != turn.author && close <= rules.gap + rules.burst * parent.text.lines().count() as u32;
            match target {
                Some(target) => prop_assert!(answered(target)),
                None => prop_assert!(neighbour),
            }
        }
    }
}

#[test]
fn old_messages_are_let_go_and_still_told() {
    let count = 45_000;
    let step = |index: i64| Step {
        kind: 9,
        author: (index % 2) as u8,
        seconds: 900,
        back: (index == count - 1).then_some(count - 1),
    };
    let steps: Vec<Step> = (0..count).map(step).collect();
    let (dialogues, joined) = dialogues(&steps, Rules::default());
    assert_eq!((dialogues.len(), joined), (45_000, 0));
    // The very first message was let go long before it was replied to.
    assert!(dialogues.iter().all(|dialogue| dialogue.turns.len() == 1));
}

#[test]
fn much_text_is_let_go_too() {
    let mut told = 0;
    let mut sink = |_| {
        told += 1;
        Ok(())
    };
    let mut pairing = Pairing::new("chat".to_owned(), Rules::default());
    for id in 0..40 {
        let text = "а".repeat(1 << 19);
        let message = Message { id, reply: Reply::Elsewhere, author: author(1), time: None, text };
        pairing.message(message, &mut sink).unwrap();
    }
    drop(pairing);
    assert_eq!(told, 40 - 16);
}

#[test]
fn one_person_joins_no_endless_message() {
    let step = Step { kind: 9, author: 1, seconds: 1, back: None };
    let (dialogues, _) = dialogues(&vec![step; 20_000], Rules::default());
    assert!(dialogues.len() > 1);
    assert!(dialogues.iter().all(|dialogue| dialogue.turns[0].text.len() <= LONGEST));
}
