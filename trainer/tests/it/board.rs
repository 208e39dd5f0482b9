//! Threads of boards, from files.

use maskarad_trainer::corpus::import::{Format, ImportOptions, board};
use time::macros::datetime;

use crate::foreign::{data, imported, of, of_text, refused, shared, shown};

#[test]
fn a_thread_becomes_the_dialogues_of_its_references() {
    let (dialogues, report) = imported(&data("board/100.json"), &of(Format::Board)).unwrap();
    let first = "Тред о чае//Какой чай пьёте?/Кофе не предлагать";
    assert_eq!(
        shown(&dialogues),
        [
            format!("anon2: {first} | anon: Зелёный & улун./>не предлагать/А зря"),
            format!("[anon: {first}] | [anon2: Зелёный & улун./>не предлагать/А зря] | anon: Где берёшь?/Тоже бампаю"),
            "anon2: Не бампай | anon: Где берёшь?/Тоже бампаю".to_owned(),
            format!(
                "[anon2: {first}] | [anon: Зелёный & улун./>не предлагать/А зря] | [anon2: Где берёшь?/Тоже бампаю] | anon: В лавке https://tea.example/"
            ),
        ]
    );
    assert_eq!(dialogues[0].source, "board:b/100");
    let turns = &dialogues[3].turns;
    let names: Vec<_> = turns.iter().map(|turn| turn.author.name.as_deref()).collect();
    assert_eq!(names, [Some("OP"), None, None, Some("OP")]);
    assert_eq!(turns[0].time.unwrap(), datetime!(2023-11-15 01:13:20 +3));
    assert_eq!(turns[0].time.unwrap().offset().whole_hours(), 3);
    let dropped: Vec<_> = report.dropped.0.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    assert_eq!(
        dropped,
        [
            "1 bump",
            "3 post that answers none and has no answer",
            "1 post without text",
            "4 reference to a post that isn't there",
            "2 reference to a post that was left out",
        ]
    );
}

#[test]
fn the_older_shape_gives_the_same() {
    let (current, report) = imported(&data("board/100.json"), &of(Format::Auto)).unwrap();
    let (older, older_report) = imported(&data("board/older.json"), &of(Format::Auto)).unwrap();
    assert_eq!(older, current);
    assert_eq!(older_report, report);
}

#[test]
fn real_threads_are_read() {
    let Some(folder) = shared("corpora/imageboard") else { return };
    for name in ["parseThreadResponse.API_RESPONSE_1.json", "parseThreadResponse.legacy.API_RESPONSE_1.json"] {
        let (dialogues, report) = imported(&folder.join(name), &of(Format::Auto)).unwrap();
        assert_eq!(
            shown(&dialogues),
            [
                "anon2: /YPJRKqv | anon: Это группа порядочных?/Ммм?/А что там?",
                "anon2: Не советую. | anon: Это группа порядочных?/Ммм?/А что там?",
            ]
        );
        assert_eq!(dialogues[0].source, "board:vg/28727050");
        assert_eq!(dialogues[0].turns[1].time.unwrap(), datetime!(2019-01-16 12:47:03 +3));
        assert_eq!(report.dropped.0["reference to a post that isn't there"], 3);
        assert_eq!(report.dropped.0["post that answers none and has no answer"], 1);
    }
}

#[test]
fn options_of_threads() {
    let with = |min_replies, unaddressed, context| {
        let mut options = of(Format::Board);
        options.board = board::Options { min_replies, unaddressed, ..board::Options::default() };
        options.rules.context = context;
        options
    };
    let run = |options: &ImportOptions| imported(&data("board/100.json"), options).unwrap();
    let (dialogues, report) = run(&with(Some(10), false, 4));
    assert!(dialogues.is_empty());
    assert_eq!(report.dropped.0["thread with too few replies"], 1);
    assert_eq!(run(&with(Some(9), false, 4)).0.len(), 4);
    let (dialogues, _) = run(&with(None, true, 4));
    assert!(shown(&dialogues).last().unwrap().ends_with(" | anon: Просто мимо"), "{:?}", shown(&dialogues));
    assert!(run(&with(None, false, 1)).0.iter().all(|dialogue| dialogue.turns.len() == 2));
    let (alone, report) = run(&with(None, false, 0));
    assert_eq!((alone.len(), report.turns, report.messages), (8, 8, 8));
}

#[test]
fn circles_and_the_future_are_no_answers() {
    let post =
        |number: u64, answers: u64| format!("{{\"num\":{number},\"comment\":\"<a data-num='{answers}'>x</a>раз\"}}");
    let thread = |posts: &[String]| format!("{{\"threads\":[{{\"posts\":[{}]}}]}}", posts.join(","));
    let circle = thread(&[post(1, 2), post(2, 3), post(3, 1), post(3, 2), post(4, 4)]);
    let (dialogues, report) = of_text("x.json", circle, &of(Format::Board)).unwrap();
    assert_eq!(shown(&dialogues), ["anon2: раз | anon: раз"]);
    assert_eq!(dialogues[0].source, "board:?/1");
    assert_eq!(report.dropped.0["post that is there twice"], 1);
    // A chain as long as threads get.
    let long: Vec<String> = (1..=20_000).map(|number| post(number, number - 1)).collect();
    let (dialogues, _) = of_text("x.json", thread(&long), &of(Format::Board)).unwrap();
    assert_eq!(dialogues.len(), 19_999);
    assert!(dialogues.iter().all(|dialogue| dialogue.turns.len() <= 5));
}

#[test]
fn what_is_no_thread_is_told_with_its_place() {
    let whole = std::fs::read_to_string(data("board/100.json")).unwrap();
    let cut = &whole[..whole.find("Зелёный").unwrap()];
    let lines = cut.lines().count();
    assert!(refused("x.json", cut, &of(Format::Board)).starts_with(&format!("x.json:{lines}:")));
    let wrong = whole.replacen("\"num\": 101", "\"num\": \"тайна\"", 1);
    let error = refused("x.json", wrong, &of(Format::Board));
    assert!(error.contains("a field is wrong or missing") && !error.contains("тайна"), "{error}");
    for (text, start) in [
        ("", "x.json:1:0: ends too early"),
        ("{\"Code\":-404,\"Error\":\"\"}", "x.json:1:"),
        ("<html>", "x.json:1:1: is no JSON"),
        ("{\"threads\":[]}", "x.json: holds no posts"),
        ("{\"threads\":[{\"posts\":[{\"num\":1,\"comment\":\"\u{1}\"}]}]}", "x.json:1:"),
    ] {
        let error = refused("x.json", text, &of(Format::Board));
        assert!(error.starts_with(start), "{error}");
    }
    assert!(
        refused("x.json", b"{\"threads\":[{\"posts\":[{\"num\":1,\"comment\":\"\xff\"}]}]}", &of(Format::Board))
            .starts_with("x.json:1:")
    );
    let empty = tempfile::tempdir().unwrap();
    let error = imported(empty.path(), &of(Format::Board)).unwrap_err().to_string();
    assert!(error.contains("holds no thread"), "{error}");
}

#[test]
fn a_folder_is_read_by_the_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let thread = |number: u64| {
        format!(
            "{{\"threads\":[{{\"posts\":[{{\"num\":{number},\"comment\":\"да\"}},{{\"num\":{},\"comment\":\">>{number} нет\"}}]}}]}}",
            number + 1
        )
    };
    for number in [100, 9, 20] {
        std::fs::write(folder.path().join(format!("{number}.json")), thread(number)).unwrap();
    }
    std::fs::write(folder.path().join("seen.json"), "{}").unwrap();
    let (dialogues, _) = imported(folder.path(), &of(Format::Auto)).unwrap();
    let sources: Vec<_> = dialogues.iter().map(|dialogue| dialogue.source.as_str()).collect();
    assert_eq!(sources, ["board:?/9", "board:?/20", "board:?/100"]);
}
