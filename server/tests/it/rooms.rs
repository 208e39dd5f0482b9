//! Personas in rooms, on both databases: the way of a message from Telegram, without Telegram.

use std::time::Duration;

use maskarad::chat::{ChatId, MessageId, PersonaName, TransportKind};
use maskarad::store::{RoomMessage, Said};
use maskarad::web::{self, News};
use maskarad_testbed::{BotSpec, Testbed, UserSpec};
use time::OffsetDateTime;

use crate::support::database::{TestDatabase, on_both};
use crate::support::host::{A_WHILE, Host, SOON, persona, roomer};

const AVTOBUS: &str = "triggers: { names: [автобус] }\ngeneration: { max_new_tokens: 12 }\n";
const POLKSON: &str = "triggers: { names: [полксон] }\ngeneration: { max_new_tokens: 12 }\n";

on_both!(
    who_is_called_answers_and_the_others_listen,
    two_in_insanity_mode_answer_people_and_not_each_other,
    one_persona_in_telegram_and_in_a_room_has_two_states,
    who_left_a_room_is_silent_and_who_comes_back_talks,
    a_room_survives_a_restart,
);

struct Scene {
    tg: Testbed,
    host: Host,
    room: ChatId,
}

fn name(text: &str) -> PersonaName {
    PersonaName::parse(text).unwrap()
}

impl Scene {
    async fn new(database: &mut TestDatabase) -> Self {
        let tg = Testbed::start().await.unwrap();
        let personas = vec![roomer("avtobus", AVTOBUS), roomer("polkson", POLKSON)];
        let host = Host::start_with_rooms(&tg, database.shared(), personas).await;
        let both = [name("avtobus"), name("polkson")];
        let room = host.app.store.open_room("Кухня", &both, OffsetDateTime::now_utc()).await.unwrap();
        Self { tg, host, room }
    }

    async fn says(&self, text: &str) -> RoomMessage {
        self.answers(text, None).await
    }

    async fn answers(&self, text: &str, reply_to: Option<MessageId>) -> RoomMessage {
        says(&self.host, self.room, text, reply_to).await
    }

    /// Everything after this message, once nothing more comes.
    async fn settled(&self, after: MessageId) -> Vec<RoomMessage> {
        let read = async || self.host.app.store.room_messages(self.room, after, 200).await.unwrap();
        loop {
            let before = read().await.len();
            tokio::time::sleep(A_WHILE).await;
            let now = read().await;
            if now.len() == before {
                return now;
            }
        }
    }

    /// What comes after this message, as soon as there is so much.
    async fn heard(&self, after: MessageId, count: usize) -> Vec<RoomMessage> {
        heard(&self.host, self.room, after, count).await
    }
}

async fn says(host: &Host, room: ChatId, text: &str, reply_to: Option<MessageId>) -> RoomMessage {
    let now = OffsetDateTime::now_utc();
    let said = Said {
        room,
        persona: None,
        author_id: web::user_id("Аня"),
        author_name: "Аня".to_owned(),
        text: text.to_owned(),
        reply_to,
        sent_at: now,
    };
    host.app.rooms.say(&said, Some("ru"), now).await.unwrap().expect("the room is there")
}

async fn heard(host: &Host, room: ChatId, after: MessageId, count: usize) -> Vec<RoomMessage> {
    let deadline = tokio::time::Instant::now() + SOON;
    loop {
        let messages = host.app.store.room_messages(room, after, 200).await.unwrap();
        if messages.len() >= count {
            return messages;
        }
        assert!(tokio::time::Instant::now() < deadline, "only {messages:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn by(messages: &[RoomMessage]) -> Vec<&str> {
    messages.iter().map(|message| message.said.persona.as_ref().map_or("a person", PersonaName::as_str)).collect()
}

async fn who_is_called_answers_and_the_others_listen(mut database: TestDatabase) {
    let scene = Scene::new(&mut database).await;
    let mut news = scene.host.app.rooms.listen(scene.room);
    let idle = scene.says("просто разговор про погоду").await;
    let called = scene.says("автобус, ты где?").await;
    let answer = scene.heard(called.id, 1).await.remove(0);
    assert_eq!((answer.said.persona.clone(), answer.said.reply_to), (Some(name("avtobus")), Some(called.id)));
    assert!(!answer.said.text.is_empty());
    let mut typing = false;
    while let Ok(heard) = tokio::time::timeout(A_WHILE, news.next()).await {
        typing |= heard == News::Typing(name("avtobus"));
    }
    assert!(typing, "one sees that it writes");

    let mention = scene.says("а что скажет @polkson?").await;
    let answer = scene.heard(mention.id, 1).await.remove(0);
    assert_eq!(answer.said.persona, Some(name("polkson")));
    let prompt = scene.host.prompts().pop().unwrap();
    for text in [&idle.said.text, &called.said.text] {
        assert!(prompt.contains(text.as_str()), "{text} is context: {prompt}");
    }
    let reply = scene.answers("почему?", Some(answer.id)).await;
    let answer = scene.heard(reply.id, 1).await.remove(0);
    assert_eq!(answer.said.persona, Some(name("polkson")), "who is replied to is asked");
    assert_eq!(scene.settled(reply.id).await.len(), 1, "and nobody else");
    scene.host.stop().await;
}

async fn two_in_insanity_mode_answer_people_and_not_each_other(mut database: TestDatabase) {
    let scene = Scene::new(&mut database).await;
    let on = scene.says("/insanity on").await;
    let told = scene.settled(on.id).await;
    assert_eq!(by(&told).len(), 2, "each says that it will: {told:?}");
    let said = scene.says("какая сегодня погода").await;
    let answers = scene.heard(said.id, 2).await;
    let mut names = by(&answers);
    names.sort_unstable();
    assert_eq!(names, ["avtobus", "polkson"]);
    let all = scene.settled(said.id).await;
    assert_eq!(all.len(), 2, "personas don't answer each other: {all:?}");
    let again = scene.says("а завтра?").await;
    scene.heard(again.id, 2).await;
    for answer in &answers {
        let heard = scene.host.prompts().iter().filter(|prompt| prompt.contains(&answer.said.text)).count();
        assert!(heard >= 2, "what one says is context for both: {:?}", answer.said.text);
    }
    let off = scene.says("/insanity@polkson off").await;
    assert_eq!(by(&scene.settled(off.id).await), ["polkson"]);
    let last = scene.says("и всё?").await;
    assert_eq!(by(&scene.settled(last.id).await), ["avtobus"]);
    scene.host.stop().await;
}

async fn one_persona_in_telegram_and_in_a_room_has_two_states(database: TestDatabase) {
    let tg = Testbed::start().await.unwrap();
    let bot = tg.add_bot(BotSpec::new("avtobus_bot"));
    let anna = tg.add_user(UserSpec::new("Анна"));
    let host = Host::start_with_rooms(&tg, database.shared(), vec![persona("avtobus", &bot, AVTOBUS)]).await;
    let store = &host.app.store;
    let room = store.open_room("Кухня", &[name("avtobus")], OffsetDateTime::now_utc()).await.unwrap();
    let private = anna.writes_private(&bot, "секрет из лички");
    tg.wait_answer(private, SOON).await.unwrap();
    let called = says(&host, room, "автобус, ты где?", None).await;
    heard(&host, room, called.id, 1).await;
    let prompt = host.prompts().pop().unwrap();
    assert!(prompt.contains("ты где") && !prompt.contains("секрет"), "{prompt}");
    assert_eq!(tg.sent_by(&bot).len(), 1, "nothing of the room is sent to Telegram");
    let bots: Vec<_> = host.app.roster.all().into_iter().map(|live| (live.lease.transport, live.bot_id)).collect();
    assert_eq!(bots[1], (TransportKind::Web, web::bot_id(&name("avtobus"))));
    let before = host.requests().len();
    assert_eq!(host.readyz().await.1["status"], "ready");
    host.stop().await;
    assert_eq!(before, 2);
}

async fn who_left_a_room_is_silent_and_who_comes_back_talks(mut database: TestDatabase) {
    let scene = Scene::new(&mut database).await;
    let store = &scene.host.app.store;
    assert!(store.leave_room(scene.room, &name("avtobus")).await.unwrap());
    let called = scene.says("автобус, ты где?").await;
    assert_eq!(scene.settled(called.id).await, []);
    assert!(store.sit_down(scene.room, &name("avtobus")).await.unwrap());
    let called = scene.says("автобус, а теперь?").await;
    assert_eq!(by(&scene.heard(called.id, 1).await), ["avtobus"]);
    let (room, closed) = (scene.room, store.close_room(scene.room).await.unwrap());
    assert!(closed);
    let now = OffsetDateTime::now_utc();
    let said = Said { room, sent_at: now, reply_to: None, ..called.said };
    assert_eq!(scene.host.app.rooms.say(&said, None, now).await.unwrap(), None);
    scene.host.stop().await;
}

async fn a_room_survives_a_restart(mut database: TestDatabase) {
    let scene = Scene::new(&mut database).await;
    let on = scene.says("/insanity@avtobus on").await;
    scene.heard(on.id, 1).await;
    let (tg, room) = (scene.tg, scene.room);
    scene.host.stop().await;
    let personas = vec![roomer("avtobus", AVTOBUS), roomer("polkson", POLKSON)];
    let host = Host::start_with_rooms(&tg, database.shared(), personas).await;
    let said = says(&host, room, "я вернулась", None).await;
    assert_eq!(by(&heard(&host, room, said.id, 1).await), ["avtobus"]);
    host.stop().await;
}
