//! A bot with a webhook, a few people, and whoever knocks at its door.

use std::sync::Arc;

use maskarad::config::persona::Persona;
use maskarad::store::Store;
use maskarad_testbed::{Bot, BotSpec, MessageRef, Testbed, User, UserSpec};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::database::{Backend, TestDatabase};
use crate::support::host::{Host, SOON, persona, settled};

/// The header that carries the secret.
pub(super) const SECRET: &str = "X-Telegram-Bot-Api-Secret-Token";

const SHORT: &str = "generation: { max_new_tokens: 8 }\n";

pub(super) struct Scene {
    pub(super) tg: Testbed,
    pub(super) bot: Bot,
    pub(super) people: Vec<User>,
    pub(super) database: TestDatabase,
}

impl Scene {
    pub(super) async fn new(database: TestDatabase) -> Self {
        let tg = Testbed::start().await.unwrap();
        let bot = tg.add_bot(BotSpec::new("avtobus_bot").privacy(false));
        let people = (0..4).map(|number| tg.add_user(UserSpec::new(&format!("Человек {number}")))).collect();
        Self { tg, bot, people, database }
    }

    /// The persona, whose updates come by polling or by a webhook.
    pub(super) fn persona(&self, updates: &str) -> Persona {
        persona("avtobus", &self.bot, &format!("{SHORT}updates: {updates}\n"))
    }

    /// A daemon whose only persona takes its updates so.
    pub(super) async fn host(&self, updates: &str) -> Host {
        let host = Host::start(&self.tg, self.database.shared(), vec![self.persona(updates)]).await;
        if updates == "webhook" {
            self.until_set(&host).await;
        }
        host
    }

    /// Another daemon on this store, not waited for.
    pub(super) async fn launch(&self, store: Arc<dyn Store>, updates: &str) -> Host {
        Host::launch(&self.tg, store, vec![self.persona(updates)]).await
    }

    /// Waits until Telegram knows this daemon's address.
    pub(super) async fn until_set(&self, host: &Host) {
        let url = self.url(host);
        let set =
            |bot: &Bot| bot.requests_of("setWebhook").last().is_some_and(|call| call.params["url"] == url.as_str());
        self.tg.wait_until(SOON, |_| set(&self.bot)).await.unwrap();
    }

    /// Where Telegram delivers.
    pub(super) fn url(&self, host: &Host) -> String {
        format!("http://{}/telegram/avtobus", host.address)
    }

    /// The secret that Telegram was told last.
    pub(super) fn secret(&self) -> String {
        self.bot.requests_of("setWebhook").last().unwrap().params["secret_token"].as_str().unwrap().to_owned()
    }

    /// Brings a body with the right secret.
    pub(super) async fn bring(&self, host: &Host, body: impl Into<reqwest::Body>) -> StatusCode {
        let request = reqwest::Client::new().post(self.url(host)).header(SECRET, self.secret()).body(body);
        request.send().await.unwrap().status()
    }

    /// Somebody with the token calls a method behind the daemon's back.
    pub(super) async fn call(&self, method: &str, body: Value) -> Value {
        let url = format!("{}/bot{}/{method}", self.tg.api_url(), self.bot.token());
        let answer: Value = reqwest::Client::new().post(url).json(&body).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["ok"], true, "{answer}");
        answer["result"].clone()
    }

    /// Everybody writes, each in a chat of their own.
    pub(super) fn everybody_writes(&self, text: &str) -> Vec<MessageRef> {
        self.people.iter().map(|user| user.writes_private(&self.bot, text)).collect()
    }

    /// People nobody has met write, so that no message shares its answer with another.
    pub(super) fn strangers_write(&self, text: &str) -> Vec<MessageRef> {
        let strangers = (0..3).map(|number| self.tg.add_user(UserSpec::new(&format!("Гость {number}"))));
        strangers.map(|user| user.writes_private(&self.bot, text)).collect()
    }

    /// Each message gets an answer, and only one.
    pub(super) async fn each_is_answered_once(&self, messages: &[MessageRef]) {
        for message in messages {
            self.tg.wait_answer(*message, SOON).await.unwrap();
        }
        settled(&self.tg, &self.bot).await;
        for message in messages {
            assert_eq!(self.tg.answers_to(*message).len(), 1, "{message:?}");
        }
    }

    /// How many updates the inbox holds.
    pub(super) async fn stored(&self) -> usize {
        let count = self.database.sql("select cast(count(*) as text) from inbox").await;
        count[0].as_ref().unwrap().parse().unwrap()
    }
}

/// An update with a private message, as Telegram sends it.
pub(super) fn update(id: i64, user: &User, text: &str) -> Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    json!({ "update_id": id, "message": {
        "message_id": id, "date": now, "text": text,
        "chat": { "id": user.id().0, "type": "private", "first_name": "Анна" },
        "from": { "id": user.id().0, "is_bot": false, "first_name": "Анна" },
    } })
}

/// Writes these bytes to the daemon and gives the connection back.
pub(super) async fn dial(host: &Host, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

/// All that the daemon says until it hangs up.
pub(super) async fn hear(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    // A connection that is reset has said all it will.
    let _ = stream.read_to_end(&mut heard).await;
    String::from_utf8_lossy(&heard).into_owned()
}

/// An empty SQLite database.
pub(super) async fn sqlite() -> TestDatabase {
    TestDatabase::new(Backend::Sqlite).await.unwrap()
}
