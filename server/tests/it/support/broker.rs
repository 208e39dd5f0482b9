//! A RabbitMQ for tests, of `scripts/rabbitmq.sh`: one that they share, each in a virtual host of its own, or a whole one for
//! those that stop it.
//!
//! `make test` starts the shared one; its URL comes in MASKARAD_TEST_RABBITMQ_URL. Without it these tests are skipped, unless
//! CI or MASKARAD_REQUIRE_RABBITMQ is set.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use maskarad::config::secret::Secret;
use maskarad::remote::BrokerConfig;
use tempfile::TempDir;
use url::Url;

/// A broker.
pub(crate) struct Broker {
    url: String,
    /// Where it lies, if it is this test's own; it ends with it.
    own: Option<TempDir>,
}

impl Broker {
    /// A virtual host of the shared broker; `None` where tests do without.
    pub(crate) fn shared() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let url = server()?;
        let host = format!("t{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let broker = Self { url: url.clone(), own: None };
        broker.eval(&format!(
            "rabbit_vhost:add(<<\"{host}\">>, <<\"tests\">>), rabbit_auth_backend_internal:set_permissions(\
             <<\"maskarad\">>, <<\"{host}\">>, <<\".*\">>, <<\".*\">>, <<\".*\">>, <<\"tests\">>)."
        ));
        let mut url = Url::parse(&url).unwrap();
        url.set_path(&host);
        Some(Self { url: url.into(), own: None })
    }

    /// One of this test's own, to be stopped and killed.
    pub(crate) fn own() -> Option<Self> {
        Self::own_at("127.0.0.1")
    }

    /// The same at another address of this machine, for clients that don't share its loopback.
    pub(crate) fn own_at(address: &str) -> Option<Self> {
        server()?;
        let folder = tempfile::tempdir().unwrap();
        let mut start = command(Some(folder.path()), &["start"]);
        let url = output(start.env("MASKARAD_RABBITMQ_ADDRESS", address));
        Some(Self { url, own: Some(folder) })
    }

    /// Its address, with user and password.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn config(&self) -> BrokerConfig {
        BrokerConfig { url: Secret::new(&self.url), ca: None }
    }

    /// Lets it speak TLS, too, with the fixtures' certificate; tells that address.
    pub(crate) fn speak_tls(&self) -> String {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = |name: &str| fixture(name).display().to_string();
        self.eval(&format!(
            "rabbit_networking:ensure_ssl(), rabbit_networking:start_ssl_listener({{\"127.0.0.1\", {port}}}, \
             [{{cacertfile, \"{}\"}}, {{certfile, \"{}\"}}, {{keyfile, \"{}\"}}], 2).",
            file("ca.pem"),
            file("cert.pem"),
            file("key.pem")
        ));
        let url = self.url.replacen("amqp://", "amqps://", 1);
        let mut url = Url::parse(&url).unwrap();
        url.set_port(Some(port)).unwrap();
        url.into()
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(&self) {
        script(self.own.as_ref().map(TempDir::path), &["kill"]);
    }

    /// Brings it up again, on what it had.
    pub(crate) fn start(&self) {
        script(self.own.as_ref().map(TempDir::path), &["start"]);
    }

    /// Lets it evaluate a term of Erlang.
    pub(crate) fn eval(&self, term: &str) -> String {
        script(self.own.as_ref().map(TempDir::path), &["ctl", "-q", "eval", term])
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(folder) = &self.own {
            script(Some(folder.path()), &["stop"]);
        }
    }
}

/// A file of the test authority's.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)
}

/// Where the shared broker is; `None` where tests do without.
#[expect(clippy::disallowed_methods, reason = "`make test` tells by it where the broker is")]
fn server() -> Option<String> {
    let Ok(url) = std::env::var("MASKARAD_TEST_RABBITMQ_URL") else {
        let required = std::env::var_os("CI").or_else(|| std::env::var_os("MASKARAD_REQUIRE_RABBITMQ"));
        assert!(required.is_none(), "MASKARAD_TEST_RABBITMQ_URL is not set; run `make test`");
        println!("skipped: no RabbitMQ; run `make test`");
        return None;
    };
    Some(url)
}

fn script(folder: Option<&Path>, arguments: &[&str]) -> String {
    output(&mut command(folder, arguments))
}

fn command(folder: Option<&Path>, arguments: &[&str]) -> Command {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/rabbitmq.sh");
    let mut command = Command::new(path);
    command.args(arguments);
    if let Some(folder) = folder {
        command.env("MASKARAD_RABBITMQ_DIR", folder);
    }
    command
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
