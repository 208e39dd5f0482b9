//! Each fault that `doctor` is for, planted and found; and a healthy set-up, of which nothing wrong is said.

mod workers;

use std::path::Path;
use std::process::Stdio;

use maskarad_testbed::{Bot, BotSpec, Fault, FaultSpec, Testbed};
use serde_json::Value;

use super::{Run, command, mini};

/// A set-up in a folder, healthy until a test spoils it.
struct Setup {
    tg: Testbed,
    bot: Bot,
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
    settings: String,
}

const MANIFEST: &str = "name: avtobus\ntoken: { env: AVTOBUS_TOKEN }\nmodel: { path: MINI }\ntemplate: rudialogpt\n\
    generation: { max_new_tokens: 8 }\n";

impl Setup {
    async fn new() -> Self {
        let tg = Testbed::start().await.unwrap();
        let bot = tg.add_bot(BotSpec::new("avtobus_bot").privacy(false));
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("personas")).unwrap();
        let variables = vec![("AVTOBUS_TOKEN".to_owned(), bot.token())];
        let settings = format!("telegram: {{ api_url: {} }}\n", tg.api_url());
        let setup = Self { tg, bot, folder, variables, settings };
        setup.manifest(MANIFEST);
        setup
    }

    fn manifest(&self, text: &str) {
        self.write("personas/avtobus.yaml", &text.replace("MINI", &mini()));
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A copy of the demo checkpoint without some files.
    fn checkpoint_without(&self, left_out: &[&str]) {
        let folder = self.path().join("personas/m");
        std::fs::create_dir(&folder).unwrap();
        for file in std::fs::read_dir(mini()).unwrap().map(|file| file.unwrap()) {
            if !left_out.contains(&file.file_name().to_str().unwrap()) {
                std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
            }
        }
        self.manifest(&MANIFEST.replace("MINI", "m"));
    }

    fn doctor(&self, more: &[&str]) -> Run {
        self.write("maskarad.yaml", &self.settings);
        let mut command = command(&[&["doctor", "--root", self.path().to_str().unwrap()], more].concat());
        let variables = self.variables.iter().map(|(name, value)| (name, value));
        let child = command.envs(variables).current_dir(self.path()).stdin(Stdio::null()).spawn().unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let run = Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
        for (_, token) in &self.variables {
            assert!(!run.stdout.contains(token) && !run.stderr.contains(token), "a token is shown");
        }
        run
    }

    /// What was found: `level check message`, a line each.
    fn found(&self, more: &[&str]) -> Vec<String> {
        let run = self.doctor(&[&["--json"], more].concat());
        let report: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{} {}", run.stdout, run.stderr));
        let findings = report["findings"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        for finding in findings.iter().filter(|finding| finding["level"] != "ok") {
            assert!(finding["mend"].is_string(), "nobody says how to mend it: {finding}");
        }
        let errors = findings.iter().any(|finding| finding["level"] == "error");
        assert_eq!(run.code, Some(i32::from(errors)), "{}", run.stderr);
        assert_eq!(report["status"] == "error", errors);
        findings.iter().map(|finding| ["level", "check", "message"].map(|key| text(&finding[key])).join(" ")).collect()
    }

    /// Asserts that this is found, and nothing else that is wrong.
    fn finds(&self, planted: &str, more: &[&str]) {
        let found = self.found(more);
        let wrong = found.iter().filter(|line| line.starts_with("error") || line.starts_with("warning"));
        let wrong: Vec<&String> = wrong.collect();
        assert!(wrong.len() == 1 && wrong[0].contains(planted), "{planted}: {found:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_set_up_has_nothing_wrong() {
    let setup = Setup::new().await;
    let found = setup.found(&[]);
    let good = found.iter().filter(|line| line.starts_with("ok "));
    let checks: Vec<&str> = good.filter_map(|line| line.split(' ').nth(1)).collect();
    for check in [
        "settings",
        "manifest",
        "token",
        "privacy",
        "poller",
        "clock",
        "database",
        "checkpoint",
        "speed",
        "memory",
        "disk",
        "limits",
    ] {
        assert!(checks.contains(&check), "{check}: {found:#?}");
    }
    let others: Vec<&String> = found.iter().filter(|line| !line.starts_with("ok ")).collect();
    assert!(others.len() == 1 && others[0].starts_with("note unit systemd doesn't run here"), "{others:?}");
    let run = setup.doctor(&[]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.contains("0 errors, 0 warnings, 1 note"), "{}", run.stdout);
    assert!(!setup.path().join("maskarad.db").exists(), "it makes no database");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_with_telegram_stays_there() {
    let setup = Setup::new().await;
    let anna = setup.tg.add_user(maskarad_testbed::UserSpec::new("Анна"));
    anna.writes_private(&setup.bot, "тайна");
    let run = setup.doctor(&["--listen"]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert!(!run.stdout.contains("тайна") && setup.bot.pending_updates() == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_missing_or_refused() {
    let mut setup = Setup::new().await;
    setup.tg.revoke(&setup.bot);
    setup.finds("error token avtobus: Telegram refuses the token", &[]);
    setup.variables.clear();
    setup.finds("token.env: the variable AVTOBUS_TOKEN is not set", &[]);
    setup.manifest(&MANIFEST.replace("AVTOBUS_TOKEN }", "AVTOBUS_TOKEN, optional: true }"));
    setup.finds("error token no persona has a token", &[]);
    setup.settings += "http: { api_listen: '127.0.0.1:8077' }\n";
    let found = setup.found(&[]);
    assert!(found.iter().any(|line| line.starts_with("note token without a token")), "the API needs none: {found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_blind_to_what_it_should_answer() {
    let setup = Setup::new().await;
    setup.bot.set_privacy(maskarad_testbed::Privacy::On);
    assert!(setup.found(&[]).iter().any(|line| line.starts_with("note privacy avtobus: privacy mode is on")));
    setup.manifest(&format!("{MANIFEST}chat_defaults: {{ insanity: true }}\n"));
    setup.finds("warning privacy avtobus: insanity is the default, but privacy mode is on", &[]);
}

async fn set_webhook(setup: &Setup, url: &str) {
    let method = format!("{}/bot{}/setWebhook", setup.tg.api_url(), setup.bot.token());
    let answer = reqwest::Client::new().post(method).json(&serde_json::json!({ "url": url })).send().await.unwrap();
    assert!(answer.status().is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_somebody_else_has_set() {
    let setup = Setup::new().await;
    set_webhook(&setup, "http://127.0.0.1:9/secret-path").await;
    setup.finds("warning webhook avtobus: is to poll, but a webhook at 127.0.0.1:9 is set", &[]);
    assert!(!setup.doctor(&[]).stdout.contains("secret-path"));
    let mut setup = setup;
    setup.manifest(&format!("{MANIFEST}updates: webhook\n"));
    setup.finds("error manifest", &[]);
    setup.settings += "http: { listen: '127.0.0.1:8443' }\n";
    setup.settings = setup.settings.replace("telegram: {", "telegram: { webhook: 'https://bots.example.org',");
    setup.finds("warning webhook avtobus: its webhook is at 127.0.0.1:9, which isn't this daemon's", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_poller() {
    let setup = Setup::new().await;
    let fault = setup.tg.fault(FaultSpec::new(Fault::Conflict).method("getUpdates"));
    setup.finds("error poller avtobus: somebody else polls with its token", &[]);
    fault.clear();
    let url = format!("{}/bot{}/getUpdates?timeout=30", setup.tg.api_url(), setup.bot.token());
    let other = tokio::spawn(async move {
        loop {
            let _ = reqwest::get(&url).await;
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
    });
    setup.finds("error poller avtobus: somebody else polls with its token", &["--listen"]);
    other.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_api_that_does_not_answer() {
    let mut setup = Setup::new().await;
    setup.settings = "telegram: { api_url: 'http://127.0.0.1:9' }\n".to_owned();
    setup.finds("error telegram the Bot API at 127.0.0.1:9 doesn't answer: no connection", &[]);
    setup.settings = format!("telegram: {{ api_url: {} }}\n", setup.tg.api_url());
    setup.tg.fault(FaultSpec::new(Fault::Malformed));
    setup.finds("error telegram the Bot API at 127.0.0.1", &[]);
    assert!(!setup.found(&["--offline"]).iter().any(|line| line.contains("telegram")));
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_that_can_not_be_used() {
    let mut setup = Setup::new().await;
    setup.variables.push(("DATABASE_URL".to_owned(), "postgres://me:hush@127.0.0.1:9/maskarad".to_owned()));
    setup.finds("error database PostgreSQL database maskarad at 127.0.0.1:9: the database is not available", &[]);
    setup.variables.pop();
    setup.write("maskarad.db", "this is no database, although it is long enough to be read as one");
    setup.finds("error database SQLite file", &[]);
    std::fs::remove_file(setup.path().join("maskarad.db")).unwrap();
    setup.write("maskarad.db", "");
    let found = setup.found(&[]);
    assert!(found.iter().any(|line| line.starts_with("note database") && line.contains("behind this release")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_can_not_be_loaded() {
    let setup = Setup::new().await;
    setup.checkpoint_without(&[]);
    setup.write("personas/m/model.safetensors", "short");
    setup.finds("error checkpoint", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_without_its_tokenizer() {
    let setup = Setup::new().await;
    setup.checkpoint_without(&["tokenizer.json", "vocab.json", "merges.txt"]);
    setup.finds("has no tokenizer", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_too_small() {
    let mut setup = Setup::new().await;
    setup.settings += "engine: { kv_memory: 900GiB }\n";
    setup.finds("error memory all personas together take up to 9", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong() {
    let setup = Setup::new().await;
    setup.tg.shift_clock(600);
    setup.finds("s behind the Bot API's", &[]);
    setup.tg.shift_clock(-600);
    setup.finds("s ahead of the Bot API's", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_folder_that_can_not_be_written() {
    let mut setup = Setup::new().await;
    setup.settings += "store: { path: /proc/maskarad/maskarad.db }\n";
    setup.finds("error disk the folder of the state, /proc/maskarad, can't be written to", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_file_descriptors() {
    let setup = Setup::new().await;
    setup.write("maskarad.yaml", &setup.settings);
    let program = env!("CARGO_BIN_EXE_maskarad");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!("ulimit -n 48 && exec '{program}' doctor")]).env_clear().current_dir(setup.path());
    let output = shell.env("AVTOBUS_TOKEN", setup.bot.token()).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("WARNING  limits     only 48 files and connections may be open"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_and_settings_that_are_broken() {
    let mut setup = Setup::new().await;
    setup.manifest(&format!("{MANIFEST}colour: red\n"));
    setup.finds("error manifest personas/avtobus.yaml:6:1: colour: unknown key", &[]);
    setup.settings += "engine: { threads: none }\n";
    setup.finds("error settings maskarad.yaml:2:20: engine.threads: expected a whole number", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_is_not_enabled() {
    let setup = Setup::new().await;
    std::fs::create_dir_all(setup.path().join("run/systemd/system")).unwrap();
    std::fs::create_dir_all(setup.path().join("etc/systemd/system")).unwrap();
    setup.write("etc/systemd/system/maskarad.service", "[Unit]\n");
    setup.finds("maskarad.service is installed, but not enabled", &[]);
}
