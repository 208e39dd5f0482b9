//! Plain text, lines of dialogues, lines of utterances, tables.

use maskarad_trainer::corpus::import::{Format, dialogues, plain};

use crate::foreign::{imported, of, of_text, refused, shared, shown};

fn plain(separator: &str, whole: bool, text: &str) -> Vec<String> {
    let mut options = of(Format::Plain);
    options.plain = plain::Options { separator: separator.to_owned(), whole };
    shown(&of_text("x.txt", text, &options).unwrap().0)
}

#[test]
fn plain_text_is_dialogues_between_blank_lines() {
    let text = "\u{feff}- Кто там?\r\n– Это я.\r\nСвои.\r\n-\r\n\r\n\r\n \nпривет\nпока\n\nСтук в дверь:\n— Да?\n";
    assert_eq!(
        plain("", false, text),
        ["first: Кто там? | second: Это я./Свои.", "first: привет | second: пока", "first: Да?"]
    );
    assert_eq!(plain("", false, "-5 градусов\n−5 тоже\n"), ["first: -5 градусов | second: −5 тоже"]);
    assert!(plain("", false, "\n\n \n").is_empty());
}

#[test]
fn plain_text_has_separators_of_other_kinds() {
    let text = "раз\n\nдва\n***\n\n***\nтри\n *** \n- четыре\n\nи ещё\n- пять";
    assert_eq!(
        plain("***", false, text),
        ["first: раз | second: два", "first: три", "first: четыре//и ещё | second: пять"]
    );
    assert_eq!(plain("***", true, text), ["first: раз//два", "first: три", "first: - четыре//и ещё/- пять"]);
}

#[test]
fn jokes_are_read_as_they_are() {
    let jokes = "- А?\n- Б.\n\n\n\n- В\n- Г\n- Д\n\n\n\n";
    let (dialogues, report) = of_text("jokes.txt", jokes, &of(Format::Auto)).unwrap();
    assert_eq!(shown(&dialogues), ["first: А? | second: Б.", "first: В | second: Г | first: Д"]);
    assert_eq!(dialogues[0].source, "jokes.txt");
    assert!(report.dropped.0.is_empty());
}

#[test]
fn long_lines_and_other_encodings_are_refused() {
    let options = of(Format::Plain);
    let error = refused("x.txt", b"\xef\xbb\xbfda\n\xcf\xf0\xe8\xe2\xe5\xf2\n", &options);
    assert_eq!(error, "x.txt:2:1: is no UTF-8; convert the file to UTF-8");
    assert!(refused("x.txt", "x".repeat(17 << 20), &options).starts_with("x.txt:1: a line is longer than "));
    let error = refused("x.txt", "давным-давно\n".repeat(1 << 20), &options);
    assert!(error.contains("no separator in more than") && error.contains("--separator"), "{error}");
}

#[test]
fn lines_of_dialogues_begin_with_the_newest() {
    let text = "{\"dialogue\": [\"три\", \"два\", \"раз\"]}\n\n{\"dialogue\": [\" \", \"да\"]}\n{\"dialogue\":[]}";
    let read = |oldest_first, newest_only| {
        let mut options = of(Format::Auto);
        options.dialogues = dialogues::Options { oldest_first, newest_only };
        let (dialogues, report) = of_text("x.jsonl", text, &options).unwrap();
        assert_eq!(report.dropped.0.values().sum::<u64>(), 2);
        shown(&dialogues)
    };
    assert_eq!(read(false, false), ["first: раз | second: два | first: три", "first: да"]);
    assert_eq!(read(true, false)[0], "first: три | second: два | first: раз");
    assert_eq!(read(false, true)[0], "[second: раз] | [first: два] | second: три");
}

#[test]
fn lines_of_something_else_are_told_by_line_and_column() {
    let good = "{\"dialogue\": [\"да\"]}\n";
    for (bad, start) in [
        ("{\"dialogue\": [\"тайна\", 5]}", "x.jsonl:3:"),
        ("{\"dialogue\": \"тайна\"}", "x.jsonl:3:"),
        ("{\"dialogue\": [\"да\"], \"тайна\": 1}", "x.jsonl:3:"),
        ("[\"тайна\"]", "x.jsonl:3:"),
        ("{\"dialogue\": [\"тайна", "x.jsonl:3:"),
        ("тайна", "x.jsonl:3:1: is no JSON"),
        ("{}", "x.jsonl:3:2: a field is wrong or missing"),
    ] {
        for format in [Format::Dialogues, Format::Auto] {
            let error = refused("x.jsonl", format!("{good}\n{bad}\n{good}"), &of(format));
            assert!(error.starts_with(start) && !error.contains("тайна"), "{error}");
        }
    }
    let error = refused("x.jsonl", "{\"other\": 1}", &of(Format::Auto));
    assert_eq!(error, "x.jsonl: looks like no known format; name one with --format");
    assert!(
        refused("x.jsonl", "{\"play\":\"a\",\"speaker\":\"b\"}", &of(Format::Auto))
            .starts_with("x.jsonl:1:26: a field is")
    );
    assert!(
        refused("x.jsonl", "{\"play\":1,\"speaker\":\"b\",\"text\":\"c\"}", &of(Format::Auto))
            .starts_with("x.jsonl:1:9: a field is")
    );
}

#[test]
fn a_play_is_what_each_answers_the_others() {
    let line = |play: &str, who: &str, text: &str| {
        format!("{{\"play\":\"{play}\",\"speaker\":\"{who}\",\"text\":\"{text}\"}}\n")
    };
    let text = [
        line("p", "А", "раз"),
        line("p", "Б", "два"),
        line("p", "Б", "ещё"),
        line("p", "В", " "),
        line("p", "", "кто это?"),
        line("p", "А", "три"),
        line("p", "В", "четыре"),
        line("q", "В", "один"),
        line("r", "А", "а"),
        line("r", "Б", "б"),
    ]
    .concat();
    let mut options = of(Format::Auto);
    options.rules.context = 2;
    let (dialogues, report) = of_text("x.jsonl", &text, &options).unwrap();
    assert_eq!(
        shown(&dialogues),
        [
            "А: раз | Б: два/ещё",
            "[А: раз] | [Б: два/ещё] | А: три",
            "[Б: два/ещё] | [А: три] | В: четыре",
            "А: а | Б: б"
        ]
    );
    assert_eq!(dialogues[0].source, "play:p");
    assert_eq!(report.joined, 1);
    let dropped: Vec<_> = report.dropped.0.into_iter().collect();
    assert_eq!(
        dropped,
        [
            ("utterance that answers none and has no answer", 1),
            ("utterance without a speaker", 1),
            ("utterance without text", 1)
        ]
    );
    options.rules.context = 0;
    let (alone, report) = of_text("x.jsonl", &text, &options).unwrap();
    assert_eq!(shown(&alone), ["А: раз", "Б: два/ещё", "А: три", "В: четыре", "В: один", "А: а", "Б: б"]);
    assert_eq!((report.turns, report.messages), (7, 7));
}

#[test]
fn every_word_of_a_real_play_is_learned_once() {
    let Some(path) = shared("corpora/rusdracor/gogol-revizor.jsonl") else { return };
    let (dialogues, report) = imported(&path, &of(Format::Auto)).unwrap();
    let lines = std::fs::read_to_string(&path).unwrap().lines().count() as u64;
    assert_eq!(report.messages + report.joined, lines);
    assert_eq!(report.dialogues, report.messages - 1);
    assert!(dialogues.iter().all(|dialogue| dialogue.source == "play:gogol-revizor" && dialogue.turns.len() <= 5));
    let first = "[Городничий: Я пригласил вас, господа, с тем чтобы сообщить вам пренеприятное известие: к нам едет ревизор.] | \
                 [Аммос Федорович: Как ревизор?] | Артемий Филиппович Земляника: Как ревизор?";
    assert_eq!(shown(&dialogues)[1], first);
}

#[test]
fn real_held_out_dialogues_are_read() {
    let Some(path) = shared("models/mini-ru/heldout.jsonl") else { return };
    let mut options = of(Format::Auto);
    options.dialogues.oldest_first = true;
    let (dialogues, _) = imported(&path, &options).unwrap();
    assert_eq!(dialogues.len(), 800);
    assert!(dialogues[0].turns[0].text.starts_with("Алло, это сбер?"));
}

#[test]
fn a_table_is_contexts_and_a_response() {
    let text = "\u{feff}id,context_1,context_2,response,context_10\n\
                1,ближе,дальше,\"ответ, \"\"да\"\"\nи нет\",давно\n2,,дальше,ответ,\n3,,,один,\n4,а,б, ,в\n";
    let (dialogues, report) = of_text("x.csv", text, &of(Format::Auto)).unwrap();
    assert_eq!(
        shown(&dialogues),
        [
            "[first: давно] | [second: дальше] | [first: ближе] | second: ответ, \"да\"/и нет",
            "[first: дальше] | second: ответ",
            "second: один",
        ]
    );
    assert_eq!(report.dropped.0.into_iter().collect::<Vec<_>>(), [("row without a response", 1)]);
}

#[test]
fn other_tables_are_told_by_line() {
    let header = "context_2,context_1,response\n";
    let csv = of(Format::Csv);
    for (text, start) in [
        (String::new(), "x.csv:1: the header has no column response"),
        ("context_1;response\n".to_owned(), "x.csv:1: the header has no column response"),
        ("response,response\n".to_owned(), "x.csv:1: there are two columns response"),
        ("context_1,context_01,response\n".to_owned(), "x.csv:1: there are two context columns of one number"),
        (format!("{header}а,б,в\n\"г\nд\",е,ж\nтайна,з\n"), "x.csv:5: has 2 columns where the header has 3"),
        (format!("{header}а,б,в,тайна\n"), "x.csv:2: has 4 columns where the header has 3"),
    ] {
        let error = refused("x.csv", text, &csv);
        assert!(error.starts_with(start) && !error.contains("тайна"), "{error}");
    }
    assert_eq!(refused("x.csv", b"response\nda\n\xff\n", &csv), "x.csv:3: is no UTF-8; convert the file to UTF-8");
    let endless = format!("{header}а,б,\"{}", "в\n".repeat(9 << 20));
    assert!(refused("x.csv", endless, &csv).contains("is a quote not closed?"));
}

#[test]
fn posts_of_a_channel_are_texts_of_their_own() {
    let post = |id: u64, kind: &str, rest: &str| {
        format!(
            "{{\"id\":{id},\"type\":\"{kind}\",\"date\":\"2024-01-01T12:00:0{id}\",\"date_unixtime\":\"170409960{id}\",\"from\":\"Бугурты\",\"from_id\":\"channel5\",{rest}}}"
        )
    };
    let messages = [
        post(1, "service", "\"action\":\"create_channel\",\"text\":\"\""),
        post(
            2,
            "message",
            "\"text\":[\"БУГУРТ-ТРЕД\\nСИДИШЬ\\n@\\nВСТАЁШЬ\\n\",{\"type\":\"link\",\"text\":\"https://t.me/b\"}]",
        ),
        post(3, "message", "\"text\":\"ЛЕЖИШЬ\""),
        post(4, "message", "\"forwarded_from\":\"Другие\",\"text\":\"ЧУЖОЕ\""),
        post(5, "message", "\"photo\":\"a.jpg\",\"text\":\"\""),
        post(6, "message", "\"text\":\"t.me/b\""),
        post(7, "message", "\"text\":\"Я\""),
    ];
    let export =
        format!("{{\"name\":\"Бугурты\",\"type\":\"public_channel\",\"id\":5,\"messages\":[{}]}}", messages.join(","));
    let mut options = of(Format::Posts);
    options.posts.min_length = 2;
    let (dialogues, report) = of_text("result.json", &export, &options).unwrap();
    assert_eq!(shown(&dialogues), ["channel5: СИДИШЬ/@/ВСТАЁШЬ", "channel5: ЛЕЖИШЬ"]);
    assert!(dialogues[0].source.starts_with("telegram:") && dialogues[0].turns[0].time.is_some());
    assert_eq!(report.dropped.0.values().sum::<u64>(), 5, "{:?}", report.dropped);
    assert!(refused("result.json", &export[..200], &options).starts_with("result.json:1:"));
}
