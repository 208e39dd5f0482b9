//! Real clients of other people, which `make api-clients` brings.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Api;

#[expect(clippy::disallowed_methods, reason = "make api-clients tells where the clients are")]
fn python() -> PathBuf {
    std::env::var_os("API_CLIENTS_PYTHON").expect("make api-clients runs this").into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the openai package; make api-clients runs it"]
async fn openais_own_client() {
    let api = Api::start(&[]).await;
    let (_, key) = api.key(&["create", "client", "--per-minute", "10"]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/process/api/clients/with_openai.py");
    let tried = Command::new(python()).arg(script).args([api.url("/v1"), key]).output().unwrap();
    let said = String::from_utf8_lossy(&[tried.stdout, tried.stderr].concat()).into_owned();
    println!("{said}");
    assert!(tried.status.success(), "{said}");
}
