//! Every peculiarity of the JSON, one at a time.

use super::{Scene, chat, message};
use maskarad_trainer::corpus::import::ImportOptions;
use time::macros::datetime;

#[test]
fn a_question_and_an_answer() {
    let (report, dialogues) =
        chat(&[message(1, 1, "01T10:00:00", "ты где?", ""), message(2, 2, "01T10:01:00", "тут", "")].join(","));
    assert_eq!(dialogues, ["user1: ты где? / user2: тут"]);
    assert_eq!((report.dialogues, report.turns, report.messages, report.joined), (1, 2, 2, 0));
    assert!(report.dropped.0.is_empty());
}

#[test]
fn the_gap_is_total_seconds_and_crosses_midnight() {
    let pair =
        |second: &str| chat(&[message(1, 1, "01T23:55:00", "а", ""), message(2, 2, second, "б", "")].join(",")).1;
    assert_eq!(pair("02T00:05:00"), ["user1: а / user2: б"]);
    assert_eq!(pair("02T00:05:01"), ["user2: б", "user1: а"].map(String::from).into_iter().rev().collect::<Vec<_>>());
    // A day and a minute later isn't a minute later.
    assert_eq!(pair("02T23:56:00"), ["user1: а", "user2: б"]);
}

#[test]
fn texts_are_strings_or_lists_of_fragments() {
    let with = |text: &str| {
        let keys = r#""type":"message","date":"2024-01-01T10:00:00","from":"А","from_id":"user1""#;
        chat(&format!(r#"{{"id":1,{keys},{text}}}"#)).1.concat()
    };
    let listed =
        r#""text":["смотри ",{"type":"link","text":"https://x.ru"}," и ",{"type":"bold","text":"это\nтоже"},""]"#;
    assert_eq!(with(listed), "user1: смотри https://x.ru и это⏎тоже");
    assert_eq!(with(r#""text":"  сам \r\n по себе\n""#), "user1: сам ⏎ по себе");
    assert_eq!(with(r#""text":"","text_entities":[{"type":"plain","text":"из сущностей"}]"#), "user1: из сущностей");
    assert_eq!(with(r#""text":[{"type":"custom_emoji","text":"😀","document_id":"x"}]"#), "user1: 😀");
    assert_eq!(
        with(r#""text":"экранировано \u0451 \ud83d\ude00","edited":"2024-01-01T10:00:05""#),
        "user1: экранировано ё 😀"
    );
}

#[test]
fn what_has_no_words_is_counted() {
    let media = |id: i64, more: &str| message(id, 1, "01T10:00:00", "", more);
    let (report, dialogues) = chat(&[
        media(1, r#","media_type":"sticker","file":"s.webp","sticker_emoji":"😀""#),
        media(2, r#","media_type":"voice_message","file":"v.ogg""#),
        media(3, r#","media_type":"video_message","file":"v.mp4""#),
        media(4, r#","media_type":"animation","file":"a.mp4""#),
        media(5, r#","media_type":"video_file","file":"v.mp4""#),
        media(6, r#","media_type":"audio_file","file":"a.mp3""#),
        media(7, r#","photo":"p.jpg""#),
        media(8, r#","poll":{"question":"да?","answers":[]}"#),
        media(9, r#","location_information":{"latitude":1.5,"longitude":2}"#),
        media(10, r#","contact_information":{"first_name":"А"}"#),
        media(11, r#","file":"f.zip""#),
        media(12, ""),
        r#"{"id":13,"type":"service","date":"2024-01-01T10:00:00","actor":"А","actor_id":"user1","action":"pin_message","text":""}"#.into(),
        r#"{"id":14,"type":"unsupported"}"#.into(),
        message(15, 1, "01T10:00:00", "подпись", r#","photo":"p.jpg""#),
    ].join(","));
    assert_eq!(dialogues, ["user1: подпись"]);
    insta::assert_json_snapshot!(report, @r#"
    {
      "dialogues": 1,
      "turns": 1,
      "messages": 1,
      "joined": 0,
      "dropped": {
        "animation without text": 1,
        "audio without text": 1,
        "contact": 1,
        "file without text": 1,
        "location": 1,
        "message of a kind that the export doesn't show": 1,
        "message without text": 1,
        "photo without text": 1,
        "poll": 1,
        "service message": 1,
        "sticker": 1,
        "video message without text": 1,
        "video without text": 1,
        "voice message without text": 1
      }
    }
    "#);
}

#[test]
fn forwards_are_not_learned_and_cut_the_context() {
    for forward in [r#","forwarded_from":"Чужой""#, r#","forwarded_from":null"#, r#","saved_from":"Чужой""#] {
        let (report, dialogues) = chat(
            &[
                message(1, 1, "01T10:00:00", "до", ""),
                message(2, 2, "01T10:00:10", "чужие слова", forward),
                message(3, 3, "01T10:00:20", "после", ""),
                message(4, 1, "01T10:00:30", "на пересланное", r#","reply_to_message_id":2"#),
                message(5, 2, "01T10:00:40", "на первое", r#","reply_to_message_id":1"#),
            ]
            .join(","),
        );
        assert_eq!(dialogues, ["user1: до / user2: на первое", "user3: после", "user1: на пересланное"], "{forward}");
        assert_eq!(report.dropped.0.into_iter().collect::<Vec<_>>(), [("forward", 1)]);
    }
}

#[test]
fn replies_come_before_neighbours() {
    let (_, dialogues) = chat(
        &[
            message(1, 1, "01T10:00:00", "один", ""),
            message(2, 2, "01T10:00:10", "два", ""),
            message(3, 3, "05T10:00:20", "на один", r#","reply_to_message_id":1"#),
            message(4, 2, "05T10:00:25", "", r#","media_type":"sticker""#),
            message(5, 1, "05T10:00:30", "на пропавшее", r#","reply_to_message_id":999"#),
            message(6, 2, "05T10:00:40", "в другом чате", r#","reply_to_message_id":1,"reply_to_peer_id":"channel5""#),
            message(7, 3, "05T10:00:50", "на стикер", r#","reply_to_message_id":4"#),
        ]
        .join(","),
    );
    assert_eq!(
        dialogues,
        [
            "user1: один / user2: два",
            "(user1) один / user3: на один",
            "(user1) один / (user3) на один / user1: на пропавшее",
            "user2: в другом чате",
            "user3: на стикер",
        ]
    );
}

#[test]
fn bursts_are_one_message_but_not_across_replies() {
    let (report, dialogues) = chat(
        &[
            message(1, 1, "01T23:59:30", "раз", ""),
            message(2, 1, "02T00:00:30", "два", ""),
            message(3, 1, "02T00:00:40", "три", r#","reply_to_message_id":2"#),
            message(4, 2, "02T00:01:00", "ответ", r#","reply_to_message_id":1"#),
            message(5, 2, "02T00:01:05", "и ещё", ""),
            message(6, 2, "02T00:01:10", "старому", r#","reply_to_message_id":3"#),
            message(7, 2, "02T00:04:00", "поздно", ""),
        ]
        .join(","),
    );
    assert_eq!(dialogues, ["user1: раз⏎два⏎три / user2: ответ⏎и ещё⏎старому", "(user1) раз⏎два⏎три / user2: поздно",]);
    assert_eq!(report.joined, 4);
}

#[test]
fn a_reply_to_something_else_breaks_a_burst() {
    let (_, dialogues) = chat(
        &[
            message(1, 1, "01T10:00:00", "вопрос", ""),
            message(2, 3, "01T10:00:10", "другой вопрос", r#","reply_to_message_id":998"#),
            message(3, 2, "01T10:00:20", "ответ", r#","reply_to_message_id":1"#),
            message(4, 2, "01T10:00:30", "другой ответ", r#","reply_to_message_id":2"#),
        ]
        .join(","),
    );
    assert_eq!(
        dialogues,
        [
            "user1: вопрос / user3: другой вопрос",
            "(user1) вопрос / user2: ответ",
            "(user1) вопрос / (user3) другой вопрос / user2: другой ответ",
        ]
    );
}

#[test]
fn authors_of_every_kind() {
    let of = |keys: &str| {
        chat(&format!(r#"{{"id":1,"type":"message","date":"2024-01-01T10:00:00","text":"а",{keys}}}"#)).1.concat()
    };
    assert_eq!(of(r#""from":"А","from_id":123"#), "user123: а");
    assert_eq!(of(r#""from":"А","from_id":"user6123456789""#), "user6123456789: а");
    assert_eq!(of(r#""from":"К","from_id":"channel55""#), "channel55: а");
    assert_eq!(of(r#""from":"К","from_id":-1001234567890"#), "channel1234567890: а");
    assert_eq!(of(r#""from":null,"from_id":"user9""#), "deleted9: а");
    assert_eq!(of(r#""from_id":9"#), "deleted9: а");
    assert_eq!(of(r#""from":null"#), "deleted: а");
    assert_eq!(of(r#""from":null,"from_id":null"#), "deleted: а");
}

#[test]
fn times_have_the_offset_of_the_clock() {
    let time = |keys: &str| {
        let scene = Scene::new();
        let message = format!(r#"{{"id":1,"type":"message",{keys},"from":"А","from_id":"user1","text":"а"}}"#);
        scene.write("result.json", format!(r#"{{"messages":[{message}],"id":5}}"#));
        let (_, dialogues) = scene.import("", &ImportOptions::default()).unwrap();
        assert_eq!(dialogues[0].source, "telegram:5");
        assert_eq!(dialogues[0].turns[0].author.name.as_deref(), Some("А"));
        dialogues[0].turns[0].time.unwrap()
    };
    let unix = datetime!(2024-01-01 07:00:00 UTC).unix_timestamp();
    let told = time(&format!(r#""date":"2024-01-01T10:00:00","date_unixtime":"{unix}""#));
    assert_eq!((told, told.hour()), (datetime!(2024-01-01 10:00:00 +3), 10));
    assert_eq!(time(&format!(r#""date":"2024-01-01T10:00:00","date_unixtime":{unix}"#)), told);
    assert_eq!(time(r#""date":"2024-01-01T10:00:00""#), datetime!(2024-01-01 10:00:00 UTC));
}

#[test]
fn the_context_is_as_long_as_wanted() {
    let messages: Vec<String> =
        (1..=5).map(|id| message(id, id as u32 % 2, &format!("01T10:0{id}:00"), &id.to_string(), "")).collect();
    let with = |context| {
        let scene = Scene::new();
        scene.write("result.json", format!(r#"{{"id":7,"messages":[{}]}}"#, messages.join(",")));
        let mut options = ImportOptions::default();
        options.rules.context = context;
        scene.import("", &options).unwrap().1.iter().map(super::shown).collect::<Vec<_>>()
    };
    assert_eq!(with(0), ["user1: 1", "user0: 2", "user1: 3", "user0: 4", "user1: 5"]);
    assert_eq!(
        with(2),
        [
            "user1: 1 / user0: 2",
            "(user1) 1 / (user0) 2 / user1: 3",
            "(user0) 2 / (user1) 3 / user0: 4",
            "(user1) 3 / (user0) 4 / user1: 5",
        ]
    );
}
