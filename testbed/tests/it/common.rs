//! A bare Bot API client and the usual cast: two bots, one person, one group.

use std::time::Duration;

use maskarad_testbed::{Bot, BotSpec, Testbed, User, UserSpec};
use serde_json::{Value, json};

pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Nothing here is asked to take this long.
const TOO_LATE: Duration = Duration::from_secs(40);

/// Calls methods as a bot and gives HTTP status and body.
#[derive(Clone)]
pub(crate) struct Wire {
    client: reqwest::Client,
    base: String,
}

impl Wire {
    pub(crate) fn new(tg: &Testbed, bot: &Bot) -> Self {
        let client = reqwest::Client::builder().no_proxy().timeout(TOO_LATE).build().unwrap();
        Self { client, base: format!("{}/bot{}", tg.api_url(), bot.token()) }
    }

    pub(crate) fn url(&self, method: &str) -> String {
        format!("{}/{method}", self.base)
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub(crate) async fn try_call(&self, method: &str, params: Value) -> reqwest::Result<(u16, Value)> {
        let response = self.client.post(self.url(method)).json(&params).send().await?;
        Ok((response.status().as_u16(), response.json().await?))
    }

    pub(crate) async fn call(&self, method: &str, params: Value) -> (u16, Value) {
        self.try_call(method, params).await.unwrap()
    }

    pub(crate) async fn ok(&self, method: &str, params: Value) -> Value {
        let (status, body) = self.call(method, params).await;
        assert_eq!((status, &body["ok"]), (200, &Value::Bool(true)), "{method}: {body}");
        body["result"].clone()
    }

    /// The refusal's code and text, after checking that the envelope agrees with the status.
    pub(crate) async fn refused(&self, method: &str, params: Value) -> (u16, String) {
        let (status, body) = self.call(method, params).await;
        assert_eq!((&body["ok"], &body["error_code"]), (&json!(false), &json!(status)), "{method}: {body}");
        (status, body["description"].as_str().unwrap().to_owned())
    }

    pub(crate) async fn updates(&self, params: Value) -> Vec<Value> {
        self.ok("getUpdates", params).await.as_array().unwrap().clone()
    }

    /// Reads everything that waits and confirms it.
    pub(crate) async fn drain(&self) -> Vec<Value> {
        let updates = self.updates(json!({})).await;
        if let Some(last) = updates.last() {
            self.updates(json!({ "offset": last["update_id"].as_i64().unwrap() + 1 })).await;
        }
        updates
    }
}

pub(crate) struct Cast {
    pub(crate) tg: Testbed,
    pub(crate) bot: Bot,
    pub(crate) other: Bot,
    pub(crate) anna: User,
    pub(crate) wire: Wire,
}

/// Two bots in privacy mode and Anna.
pub(crate) async fn cast() -> Cast {
    let tg = Testbed::start().await.unwrap();
    let bot = tg.add_bot(BotSpec::new("avtobus_bot"));
    let other = tg.add_bot(BotSpec::new("polkson_bot"));
    let anna = tg.add_user(UserSpec::new("Анна").username("anna").language("ru"));
    let wire = Wire::new(&tg, &bot);
    Cast { tg, bot, other, anna, wire }
}

/// The texts of `message` updates that wait for a bot.
pub(crate) fn waiting_texts(bot: &Bot) -> Vec<String> {
    let texts = bot.pending().into_iter().filter_map(|update| Some(update["message"]["text"].as_str()?.to_owned()));
    texts.collect()
}
