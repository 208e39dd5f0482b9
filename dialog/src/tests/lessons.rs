use proptest::prelude::*;

use super::{build, custom, format, keeping, me, mini, questions, rudialogpt3, them};
use crate::{CustomTemplate, Format, LengthClass, Lesson, Markers, Side, Template, Told, Turn, Writer, stops};

const AMPLE: usize = 100_000;

fn asked(text: &str) -> Told {
    Told { side: Side::Others, text: text.to_owned(), learned: false }
}

fn answered(text: &str) -> Told {
    Told { side: Side::Persona, text: text.to_owned(), learned: true }
}

fn lessons(format: &Format, turns: &[Told], most: usize) -> Vec<Lesson> {
    let markers = Markers::new(&format.template, mini());
    Writer::new(&format.template, &format.rules, mini(), &markers).lessons(turns, most).unwrap()
}

/// The rows as text, with what is learned in brackets.
fn show(format: &Format, turns: &[Told], most: usize) -> Vec<String> {
    let show = |lesson: &Lesson| {
        let mut text = String::new();
        for run in lesson.answer.iter().zip(&lesson.ids).collect::<Vec<_>>().chunk_by(|a, b| a.0 == b.0) {
            let ids: Vec<u32> = run.iter().map(|(_, id)| **id).collect();
            let part = mini().decode(&ids, false);
            text += &if *run[0].0 { format!("[{part}]") } else { part };
        }
        text
    };
    lessons(format, turns, most).iter().map(show).collect()
}

/// The 2ch bot's: the last message alone, with something behind it.
fn imageboard() -> Format {
    let mut format = custom(CustomTemplate {
        separator: "</s>".to_owned(),
        answer_prefix: "|1|2|".to_owned(),
        max_turns: Some(1),
        ..CustomTemplate::default()
    });
    format.rules.suffix = ", a?".to_owned();
    format
}

fn dialog() -> Vec<Told> {
    vec![asked("Привет!"), answered("Здравствуй."), asked("Как дела?"), asked("Ты где?"), answered("Дома, а ты?")]
}

#[test]
fn each_template_learns_its_answers() {
    let rows = |format: &Format| show(format, &dialog(), AMPLE);
    assert_eq!(
        rows(&format(Template::PromptReply)),
        ["<s>PROMPT: Привет![\nREPLY: Здравствуй.</s>]", "<s>PROMPT: Ты где?[\nREPLY: Дома, а ты?</s>]"]
    );
    assert_eq!(
        rows(&rudialogpt3()),
        ["|0|1|Привет!</s>|1|1|[Здравствуй.</s>]|0|1|Как дела?\nТы где?</s>|1|1|[Дома, а ты?</s>]"]
    );
    assert_eq!(
        rows(&format(Template::Rudialogpt)),
        ["@@ПЕРВЫЙ@@ Привет! @@ВТОРОЙ@@[ Здравствуй. @@ПЕРВЫЙ@@] Как дела?\nТы где? @@ВТОРОЙ@@[ Дома, а ты?</s>]"]
    );
    assert_eq!(
        rows(&questions()),
        ["<s>Вопрос: Привет!\nОтвет:[ Здравствуй.\n]Вопрос: Как дела?\nТы где?\nОтвет:[ Дома, а ты?\n</s>]"]
    );
    assert_eq!(rows(&imageboard()), ["Привет!, a?</s>|1|2|[Здравствуй.</s>]", "Ты где?, a?</s>|1|2|[Дома, а ты?</s>]"]);
}

#[test]
fn a_continuation_learns_every_message() {
    let format = format(Template::Continuation);
    assert_eq!(show(&format, &[answered("Сижу дома")], AMPLE), ["[Сижу дома</s>]"]);
    let post = Told { learned: true, ..asked("встал") };
    assert_eq!(show(&format, &[asked("лёг"), post], AMPLE), ["лёг[\nвстал</s>]"]);
}

#[test]
fn context_is_not_learned_again() {
    let mut turns = dialog();
    turns[1].learned = false;
    assert_eq!(
        show(&format(Template::Rudialogpt), &turns, AMPLE),
        ["@@ПЕРВЫЙ@@ Привет! @@ВТОРОЙ@@ Здравствуй. @@ПЕРВЫЙ@@ Как дела?\nТы где? @@ВТОРОЙ@@[ Дома, а ты?</s>]"]
    );
    assert!(lessons(&format(Template::Rudialogpt), &[answered("сам с собой")], AMPLE).is_empty());
    assert!(lessons(&format(Template::PromptReply), &[asked("кто здесь?"), answered("lol")], AMPLE).is_empty());
}

#[test]
fn what_does_not_fit_begins_later_and_loses_no_answer() {
    let format = format(Template::Rudialogpt);
    let turns: Vec<Told> =
        (0..30).flat_map(|n| [asked(&format!("вопрос {n}")), answered(&format!("ответ {n}."))]).collect();
    for most in [20, 33, 60, 100] {
        let rows = show(&format, &turns, most);
        assert!(lessons(&format, &turns, most).iter().all(|lesson| lesson.ids.len() <= most));
        assert!(rows.iter().all(|row| row.starts_with("@@") && row.ends_with("</s>]")), "{rows:?}");
        for n in 0..30 {
            let answer = format!("[ ответ {n}.");
            assert_eq!(rows.iter().filter(|row| row.contains(&answer)).count(), 1, "{answer} of {most}: {rows:?}");
        }
    }
}

#[test]
fn an_endless_answer_keeps_its_beginning() {
    let turns = [asked("ну?"), answered(&"слово ".repeat(200))];
    let rows = lessons(&format(Template::Rudialogpt), &turns, 30);
    assert_eq!((rows.len(), rows[0].ids.len()), (1, 30));
    assert!(rows[0].answer[29]);
    let post = [answered(&"слово ".repeat(200))];
    let tokens = lessons(&format(Template::Continuation), &post, AMPLE)[0].ids.len();
    let pieces = lessons(&format(Template::Continuation), &post, 30);
    assert_eq!(pieces.iter().map(|piece| piece.ids.len()).sum::<usize>(), tokens);
    // A question that leaves no room for an answer teaches nothing.
    assert!(lessons(&format(Template::Rudialogpt), &[asked(&"слово ".repeat(200)), answered("да")], 30).is_empty());
}

#[test]
fn an_answer_ends_with_what_stops_it() {
    let with_sides = formats().into_iter().filter(|format| format.template != Template::Continuation);
    for (format, rows) in with_sides.map(|format| (format.clone(), lessons(&format, &dialog(), AMPLE))) {
        let stops = stops(&format.template, mini());
        for row in rows {
            let answers = row.answer.iter().zip(&row.ids).collect::<Vec<_>>();
            for run in answers.chunk_by(|a, b| a.0 == b.0).filter(|run| *run[0].0) {
                let ids: Vec<u32> = run.iter().map(|(_, id)| **id).collect();
                let text = mini().decode(&ids, false);
                let stopped = stops.eos_token_ids.contains(ids.last().unwrap())
                    || stops.stop_strings.iter().any(|stop| text.ends_with(stop));
                assert!(stopped, "{format:?}: {text}");
            }
        }
    }
}

fn formats() -> [Format; 6] {
    let plain = format(Template::Continuation);
    [
        keeping(format(Template::PromptReply), ""),
        rudialogpt3(),
        format(Template::Rudialogpt),
        plain,
        questions(),
        imageboard(),
    ]
}

/// The oracle: what a prompt of the same turns is, by the code that the daemon makes prompts with.
fn begins_with_its_prompt(format: &Format, turns: &[Told]) -> Result<(), TestCaseError> {
    let Some(row) = lessons(format, turns, AMPLE).pop() else { return Ok(()) };
    let (answer, context) = turns.split_last().unwrap();
    let mut asked: Vec<Turn> =
        context.iter().map(|told| if told.side == Side::Persona { me(&told.text) } else { them(&told.text) }).collect();
    let last = asked.last_mut().unwrap();
    last.asked = true;
    let mut format = format.clone();
    if let Template::Rudialogpt3 { answer_length } = &mut format.template {
        *answer_length = LengthClass::of(mini().token_count(answer.text.trim()).unwrap());
    }
    let prompt = build(&format, mini(), &asked, AMPLE).unwrap();
    prop_assert_eq!(&row.ids[..prompt.len()], &prompt[..], "{:?}", format);
    prop_assert!(row.answer[prompt.len()..].iter().all(|learned| *learned));
    prop_assert!(row.answer[prompt.len()]);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Answers begin with a letter here: before a punctuation mark `|1|2|` and the like aren't stable, see `lesson`.
    #[test]
    fn a_row_begins_with_the_prompt_of_its_turns(
        sides in prop::collection::vec(any::<bool>(), 0..5),
        texts in prop::collection::vec("[а-яa-z](\\PC|[а-я .,!?]|😀|@@ПЕРВЫЙ@@|</s>|\\|0\\|1\\|| |\n){0,30}", 6..7),
        answer in "[а-яa-z][а-яa-z .,!?😀\n]{0,60}",
    ) {
        let mut turns: Vec<Told> = sides.iter().zip(&texts).map(|(persona, text)| {
            if *persona { Told { learned: false, ..answered(text) } } else { asked(text) }
        }).collect();
        turns.extend([asked(&texts[5]), answered(&answer)]);
        for format in formats() {
            if format.template != Template::Continuation {
                begins_with_its_prompt(&format, &turns)?;
            }
        }
    }
}

#[test]
fn a_continuation_begins_with_its_prompt() {
    let turns = [asked("Кто там?"), asked("Это я!"), Told { learned: true, ..asked("Почтальон") }];
    begins_with_its_prompt(&format(Template::Continuation), &turns).unwrap();
}
