//! What is left of a dialogue when turns are taken out of it. Pure.

use super::record::{Dialogue, Turn};

/// What becomes of a turn.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    /// It stays.
    Stays(Turn),
    /// It stays as context of what follows, and isn't learned.
    Context(Turn),
    /// It is taken out: what stood before it is no context of what stands after it.
    Gone,
}

/// The dialogues that are left: what stands between turns that are gone, to its last turn that is learned.
pub(super) fn cut(source: &str, toxicity: Option<f32>, fates: Vec<Fate>) -> Vec<Dialogue> {
    let mut pieces: Vec<Vec<Turn>> = vec![Vec::new()];
    for fate in fates {
        match fate {
            Fate::Stays(turn) => pieces.last_mut().expect("there is one always").push(turn),
            Fate::Context(turn) => {
                pieces.last_mut().expect("there is one always").push(Turn { context: true, ..turn });
            }
            Fate::Gone => pieces.push(Vec::new()),
        }
    }
    let last = pieces.len() - 1;
    let dialogue = |(at, mut turns): (usize, Vec<Turn>)| {
        let end = turns.iter().rposition(|turn| !turn.context)? + 1;
        // The score is that of the dialogue's own last turn.
        let toxicity = toxicity.filter(|_| at == last && end == turns.len());
        turns.truncate(end);
        Some(Dialogue { source: source.to_owned(), turns, toxicity })
    };
    pieces.into_iter().enumerate().filter_map(dialogue).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::record::Author;

    fn turn(text: &str) -> Turn {
        let author = Author { id: "a".to_owned(), name: None };
        Turn { author, time: None, text: text.to_owned(), context: false }
    }

    fn left(fates: Vec<Fate>) -> Vec<Vec<(String, bool)>> {
        let texts = |dialogue: Dialogue| dialogue.turns.into_iter().map(|turn| (turn.text, turn.context)).collect();
        cut("s", None, fates).into_iter().map(texts).collect()
    }

    #[test]
    fn what_is_gone_divides() {
        let fates = vec![Fate::Stays(turn("1")), Fate::Stays(turn("2")), Fate::Gone, Fate::Stays(turn("3"))];
        let expected = vec![vec![("1".to_owned(), false), ("2".to_owned(), false)], vec![("3".to_owned(), false)]];
        assert_eq!(left(fates), expected);
    }

    #[test]
    fn context_without_an_answer_is_dropped() {
        assert_eq!(left(vec![Fate::Context(turn("1")), Fate::Gone, Fate::Context(turn("2"))]), [[]; 0]);
        let fates = vec![Fate::Context(turn("1")), Fate::Stays(turn("2")), Fate::Context(turn("3"))];
        assert_eq!(left(fates), [[("1".to_owned(), true), ("2".to_owned(), false)]]);
    }

    #[test]
    fn a_score_stays_with_the_turn_it_is_of() {
        let stays = |text: &str| Fate::Stays(turn(text));
        assert_eq!(cut("s", Some(0.5), vec![stays("1"), stays("2")])[0].toxicity, Some(0.5));
        let divided = cut("s", Some(0.5), vec![stays("1"), Fate::Gone, stays("2")]);
        assert_eq!(divided.iter().map(|dialogue| dialogue.toxicity).collect::<Vec<_>>(), [None, Some(0.5)]);
        assert_eq!(cut("s", Some(0.5), vec![stays("1"), Fate::Context(turn("2"))])[0].toxicity, None);
    }
}
