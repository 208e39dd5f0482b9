//! What is no export is refused with its place, repeats nothing of it, and leaves the earlier corpus as it was.

use maskarad_testbed::export::{ExportSpec, write_chat, write_pages};
use maskarad_trainer::corpus::import::{ImportOptions, Place};

use super::{Scene, message};

/// Imports a file that can't be; returns the complaint, without the folder.
fn complaint(name: &str, bytes: &[u8]) -> String {
    let scene = Scene::new();
    scene.write(name, bytes);
    refused(&scene, name)
}

fn refused(scene: &Scene, input: &str) -> String {
    std::fs::create_dir_all(scene.output().parent().unwrap()).unwrap();
    std::fs::write(scene.output(), "earlier").unwrap();
    let error = scene.import(input, &ImportOptions::default()).unwrap_err();
    assert_eq!(std::fs::read(scene.output()).unwrap(), b"earlier");
    assert_eq!(std::fs::read_dir(scene.output().parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    assert!(!error.contains("тайна") && !error.contains("secret"), "{error}");
    error.replace(&format!("{}/", scene.path().display()), "").replace(&scene.path().display().to_string(), "")
}

fn json(messages: &str) -> String {
    complaint("result.json", format!("{{\"id\":1,\n\"messages\":[\n{messages}]}}").as_bytes())
}

#[test]
fn json_that_is_none() {
    let first = message(1, 1, "01T10:00:00", "тайна", "");
    let whole = format!("{{\"id\":1,\n\"messages\":[\n{first}]}}");
    let cases = [
        (json(&format!("{first} {first}")), ":3:112: is no JSON here; expected the result.json"),
        (complaint("result.json", &whole.as_bytes()[..60]), ":3:38: the file ends too early; export it again"),
        (complaint("result.json", b""), ":1:1: the file ends too early"),
        (complaint("result.json", format!("{whole}\n{{}}").as_bytes()), ":4:1: is no JSON here"),
        (complaint("result.json", "\u{0}\u{0}secret".as_bytes()), ":1:1: is no JSON here"),
        (complaint("result.json", b"PK\x03\x04\xff\xff"), ": byte 4: isn't UTF-8"),
    ];
    for (told, expected) in cases {
        assert!(told.starts_with(&format!("result.json{expected}")), "{told}\n{expected}");
    }
}

#[test]
fn json_cut_anywhere_is_refused() {
    let mut bytes = Vec::new();
    write_chat(ExportSpec::new(1, 20), &mut bytes).unwrap();
    let end = bytes.iter().rposition(|byte| *byte == b'}').unwrap();
    for length in (0..=end).step_by(37) {
        let told = complaint("result.json", &bytes[..length]);
        assert!(told.starts_with("result.json:"), "{length}: {told}");
    }
}

#[test]
fn json_that_is_no_export() {
    let no_export = "is no export: it has neither messages nor chats; expected the result.json";
    for (text, expected) in [
        ("{}", format!("result.json:1:2: {no_export}")),
        (r#"{"secret":["тайна"]}"#, format!("result.json:1:25: {no_export}")),
        ("[]", "result.json:1:1: holds something else here than an export does".to_owned()),
        (r#"{"chats":[]}"#, "result.json:1:10: holds something else here".to_owned()),
        (r#"{"messages":{"secret":1}}"#, "result.json:1:13: holds something else here".to_owned()),
        (r#"{"messages":["secret"]}"#, "result.json:1:21: holds something else here".to_owned()),
    ] {
        let told = complaint("result.json", text.as_bytes());
        assert!(told.starts_with(&expected), "{text}: {told}");
    }
}

#[test]
fn values_of_wrong_types_and_absurd_ones() {
    let said = |keys: &str| {
        format!(r#"{{"id":1,"type":"message","date":"2024-01-01T10:00:00","from":"А","text":"тайна",{keys}}}"#)
    };
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for keys in [
        r#""from_id":["secret"]"#,
        r#""id":2"#,
        r#""reply_to_message_id":"secret""#,
        r#""date_unixtime":"secret""#,
        r#""date_unixtime":99999999999999999999999"#,
        r#""date_unixtime":"-62135596800""#,
        r#""date_unixtime":"0""#,
        r#""text_entities":{"secret":1}"#,
        r#""text_entities":[{"type":"plain"}]"#,
        &format!(r#""text_entities":{deep}"#),
        r#""media_type":5"#,
        "\"file\":\"\u{1}\"",
    ] {
        let told = json(&said(keys));
        assert!(told.starts_with("result.json:3:"), "{}: {told}", &keys[..keys.len().min(50)]);
    }
    for (date, problem) in [
        ("2024-13-45T99:99:99", "message 1: its date isn't written as"),
        ("тайна", "message 1: its date isn't written as"),
        ("9999-01-01T00:00:00", "message 1: its date isn't between 1970 and 2199"),
        ("0001-01-01T00:00:00", "message 1: its date isn't between 1970 and 2199"),
    ] {
        let told = json(&format!(r#"{{"id":1,"type":"message","date":"{date}","from":"А","text":"тайна"}}"#));
        assert!(told.contains(problem), "{told}");
    }
    assert!(json(r#"{"id":1,"type":"message","text":"тайна"}"#).contains("message 1: it has no date"));
}

#[test]
fn two_messages_of_one_number() {
    let again = |first: &str, second: &str| json(&format!("{first},\n{second}"));
    let said = |author| message(5, author, "01T10:00:00", "тайна", "");
    let sticker = message(5, 1, "01T10:00:00", "", r#","media_type":"sticker""#);
    for (first, second) in [(said(1), said(2)), (said(1), said(1)), (said(1), sticker.clone()), (sticker, said(1))] {
        let told = again(&first, &second);
        assert!(told.starts_with("result.json:4:") && told.contains(": two messages have the number 5; "), "{told}");
    }
}

#[test]
fn html_that_is_none() {
    let scene = Scene::new();
    write_pages(ExportSpec::new(1, 50), 25, scene.path()).unwrap();
    let page = std::fs::read_to_string(scene.path().join("messages.html")).unwrap();
    let lines = page.lines().count();
    let bad_date = page.replacen("UTC+03:00", "UTC+99:99", 3);
    let at = page[..page.find("UTC+03:00").unwrap()].rfind("<div class=\"message ").unwrap();
    let line = page[..at].lines().count();
    let cases = [
        (page[..page.len() / 2].to_owned(), String::new()),
        (page.replace("</html>", ""), format!(":{}: the page doesn't end with </html>; export it again", lines + 1)),
        (
            "<html><body>тайна</body></html>".to_owned(),
            ": is no page of a chat: it has no history; expected".to_owned(),
        ),
        (String::new(), ":1: the page doesn't end with </html>".to_owned()),
        (page.replacen(" id=\"message1\"", "", 1), ": ".to_owned()),
        (bad_date, format!(":{line}: message ")),
        (page.replacen("class=\"body\"", "class=\"secret\"", 1), String::new()),
        ("<div>\n".repeat(200_000) + "</html>", ":257: too many elements are open here".to_owned()),
    ];
    for (text, expected) in cases {
        let told = complaint("messages.html", text.as_bytes());
        assert!(told.starts_with("messages.html:"), "{told}");
        assert!(told.starts_with(&format!("messages.html{expected}")) || expected == ": ", "{told}\n{expected}");
    }
    let broken = complaint("messages.html", b"<html>\xff</html>");
    assert_eq!(broken, "messages.html: byte 6: isn't UTF-8; convert the file or export it again");
    scene.write("messages2.html", "<html></html>");
    assert!(refused(&scene, "").starts_with("messages2.html: is no page of a chat"));
    scene.write("messages2.html", &page);
    assert!(refused(&scene, "").contains("two messages have the number"));
}

#[test]
fn nothing_to_read() {
    let scene = Scene::new();
    assert!(refused(&scene, "missing.json").starts_with("missing.json: No such file"));
    let empty = Scene::new();
    std::fs::create_dir(empty.path().join("empty")).unwrap();
    assert!(refused(&empty, "empty").starts_with("empty: holds neither result.json nor messages.html"));
    assert!(
        complaint("chat.xyz", b"secret").starts_with("chat.xyz: looks like no known format; name one with --format")
    );
    assert_eq!(Place::Whole.to_string(), "");
}
