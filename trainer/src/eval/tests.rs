//! A report for the tests of what reads one.

use super::*;

pub(super) fn report() -> Report {
    let score = |perplexity: f64| Score { tokens: 100, loss: 3.5, perplexity, accuracy: 0.3 };
    let varied = Diversity { distinct_1: 0.4, distinct_2: 0.8, repetition: 0.01, repeated_texts: 0.05 };
    let reply = |number: usize| Reply {
        context: format!("вопрос {number}\nи <b>ещё</b>"),
        human: "да".to_owned(),
        generated: "ну <да>".to_owned(),
    };
    Report {
        corpus: "abc".to_owned(),
        dialogues: 20,
        answers: score(40.0),
        base_answers: score(60.0),
        perplexity_ratio: 2.0 / 3.0,
        text: Some(score(50.0)),
        base_text: Some(score(70.0)),
        block: 512,
        diversity: varied,
        human_diversity: varied,
        lengths: LengthMatch { distance: 0.2, ..LengthMatch::default() },
        overlap: Some(Copying::default()),
        likeness: Some(Likeness { generated: 0.8, ..Likeness::default() }),
        replies: (0..3).map(reply).collect(),
    }
}

#[test]
fn a_report_is_read_as_it_was_written() {
    let text = serde_json::to_string(&report()).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report());
}
