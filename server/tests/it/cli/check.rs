use std::io::{Read, Write};
use std::net::TcpListener;

use super::{manifests, maskarad, personas};

const TOKEN: &str = "123456789:AAExampleExampleExampleExample_-abc";

#[test]
fn the_projects_personas_are_ready_and_share_their_weights() {
    let run = maskarad(&["check", "--personas", personas().to_str().unwrap()], &[("MASKARAD_LOG", "warn")], "");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.contains("avtobus  Автобус   rudialogpt"), "{}", run.stdout);
    assert!(run.stdout.contains("1 copy of weights"), "{}", run.stdout);
    assert_eq!(run.stdout.matches("no token").count(), 2);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let folder = manifests(&[
        ("a.yaml", "name: same\ntoken: { env: TOKEN }\nmodel: { path: MINI }\ntemplate: rudialogpt"),
        ("b.yaml", "name: same\ntoken: { env: TOKEN }\nmodel: { path: nowhere }\ntemplate: rudialogpt"),
        (
            "c.yaml",
            "name: C\ntoken: { env: UNSET }\nmodel: { path: MINI }\ntemplate: rudialogpt\ngeneration: { top_p: 2 }",
        ),
        ("d.yaml", "name: d\ncolour: red"),
        ("e.yaml", "name: e\nmodel: { path: MINI }\ntemplate: { custom: { start: 'LONG' } }"),
    ]);
    let long = "очень длинное начало ".repeat(200);
    let path = folder.path().join("e.yaml");
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap().replace("LONG", &long)).unwrap();
    let variables = [("TOKEN", TOKEN), ("MASKARAD_LOG", "warn")];
    let run = maskarad(&["check", "--personas", folder.path().to_str().unwrap()], &variables, "");
    assert_eq!(run.code, Some(1));
    for told in [
        "b.yaml: name: `same` is the name of",
        "b.yaml: token: is for the same bot as that of",
        "b.yaml: model.path: there is no folder",
        "c.yaml:1:7: name: is \"C\"",
        "c.yaml:2:8: token.env: the variable UNSET is not set",
        "c.yaml:5:22: generation.top_p: is 2",
        "d.yaml:1:1: model.path: is missing",
        "d.yaml:1:1: template: is missing",
        "d.yaml:2:1: colour: unknown key",
        "e.yaml: template: the template alone takes",
        "maskarad: 10 things to mend",
    ] {
        assert!(run.stderr.contains(told), "{told}\n{}", run.stderr);
    }
    assert!(!run.stderr.contains("AAExample") && !run.stdout.contains("AAExample"));
}

#[test]
fn broken_checkpoints_are_told() {
    let folder = manifests(&[("a.yaml", "name: a\nmodel: { path: m }\ntemplate: rudialogpt")]);
    let model = folder.path().join("m");
    std::fs::create_dir(&model).unwrap();
    let check = || maskarad(&["check", "--personas", folder.path().to_str().unwrap()], &[], "");
    let run = check();
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("a.yaml: model: ") && run.stderr.contains("config.json"), "{}", run.stderr);
    for file in ["config.json", "tokenizer.json"] {
        std::fs::copy(format!("{}/{file}", super::mini()), model.join(file)).unwrap();
    }
    std::fs::write(model.join("model.safetensors"), b"short").unwrap();
    let run = check();
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("model.safetensors") && run.stdout.contains("can't be loaded"), "{}", run.stderr);
}

/// A Bot API server that answers one request.
fn answer_once(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let read = stream.read(&mut request).unwrap();
        let request = String::from_utf8_lossy(&request[..read]).to_lowercase();
        assert!(request.contains(&format!(" /bot{}/getme ", TOKEN.to_lowercase())), "{request}");
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
        write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        // Until the client has read it all and hangs up.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    address
}

#[test]
fn online_asks_who_the_token_belongs_to() {
    let folder = manifests(&[("a.yaml", "name: a\ntoken: { env: T }\nmodel: { path: MINI }\ntemplate: rudialogpt")]);
    let check = |api_url: &str| {
        let variables = [("T", TOKEN), ("MASKARAD_TELEGRAM_API_URL", api_url)];
        let run = maskarad(&["check", "--online", "--personas", folder.path().to_str().unwrap()], &variables, "");
        assert!(!run.stderr.contains("AAExample") && !run.stdout.contains("AAExample"), "{}", run.stderr);
        run
    };
    let bot = r#"{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"A","username":"a_bot","can_join_groups":true,
        "can_read_all_group_messages":false,"supports_inline_queries":false,"can_connect_to_business":false,
        "has_main_web_app":false}}"#;
    let run = check(&answer_once(bot));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("@a_bot (privacy mode"), "{}", run.stdout);
    for api_url in [
        answer_once(r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#),
        answer_once("<html>"),
        "http://127.0.0.1:9".to_owned(),
    ] {
        let run = check(&api_url);
        assert_eq!(run.code, Some(1));
        assert!(run.stderr.contains("a.yaml: token: "), "{}", run.stderr);
        eprintln!("{}", run.stderr);
    }
}
