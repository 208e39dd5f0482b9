//! Real clients of other people, which `make api-clients` brings.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Api;

/// A program of the environment that has the clients.
#[expect(clippy::disallowed_methods, reason = "make api-clients tells where the clients are")]
fn program(name: &str) -> Command {
    let folder = std::env::var_os("API_CLIENTS").expect("make api-clients runs this");
    Command::new(PathBuf::from(folder).join("bin").join(name))
}

fn succeeds(mut command: Command) {
    let tried = command.output().unwrap();
    let said = String::from_utf8_lossy(&[tried.stdout, tried.stderr].concat()).into_owned();
    println!("{said}");
    assert!(tried.status.success(), "{said}");
}

async fn script(name: &str) {
    let api = Api::start(&[]).await;
    let (_, key) = api.key(&["create", "client", "--per-minute", "10"]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/process/api/clients").join(name);
    let mut python = program("python");
    python.arg(script).args([api.url("/v1"), key]);
    succeeds(python);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the openai package; make api-clients runs it"]
async fn openais_own_client() {
    script("with_openai.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the langchain-openai package; make api-clients runs it"]
async fn langchain() {
    script("with_langchain.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs schemathesis; make api-clients runs it"]
async fn schemathesis_finds_no_500_and_no_answer_that_the_document_does_not_know() {
    let api = Api::start(&[("MASKARAD_ENGINE_THREADS", "2")]).await;
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
    let mut schemathesis = program("schemathesis");
    schemathesis.current_dir(api.stage.folder.path()).args([
        "run",
        &api.url("/openapi.json"),
        "--checks",
        checks,
        "--max-examples",
        "60",
        "--seed",
        "1",
        "--no-color",
    ]);
    succeeds(schemathesis);
    assert!(!api.daemon.log().contains("panicked"), "{}", api.daemon.tail());
}
