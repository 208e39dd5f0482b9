//! teloxide's `Bot` as the client: what it parses and how it names our refusals.

use maskarad_testbed::{BadRequestKind, Fault, FaultSpec, ForbiddenKind};
use teloxide::{
    ApiError, Bot, RequestError,
    prelude::*,
    types::{BotCommand, BotCommandScope, ChatAction, ChatKind, MessageId, ReplyParameters, Seconds, UpdateKind},
};

use crate::common::{Cast, cast};

fn client(cast: &Cast) -> Bot {
    Bot::new(cast.bot.token()).set_api_url(cast.tg.api_url().parse().unwrap())
}

#[tokio::test]
async fn get_me_is_complete() {
    let cast = cast().await;
    let me = client(&cast).get_me().await.unwrap();
    assert_eq!(me.username(), "avtobus_bot");
    assert!(!me.can_read_all_group_messages && me.can_join_groups);
    assert_eq!(i64::try_from(me.id.0).unwrap(), cast.bot.id().0);
}

#[tokio::test]
async fn updates_parse_and_an_answer_arrives() {
    let cast = cast().await;
    let bot = client(&cast);
    let question = cast.anna.writes_private(&cast.bot, "привет");
    let updates = bot.get_updates().await.unwrap();
    let UpdateKind::Message(message) = &updates[0].kind else { panic!("{updates:?}") };
    assert_eq!(message.text(), Some("привет"));

    let reply = ReplyParameters::new(message.id).allow_sending_without_reply();
    let sent = bot.send_message(message.chat.id, "и тебе").reply_parameters(reply).await.unwrap();
    assert_eq!(sent.reply_to_message().unwrap().id, message.id);
    assert_eq!(cast.tg.answers_to(question)[0].text, "и тебе");
}

#[tokio::test]
async fn every_update_of_a_lively_group_parses() {
    let cast = cast().await;
    let forum = cast.tg.add_forum("Форум");
    forum.add_bot(&cast.bot, &cast.anna);
    forum.promote_bot(&cast.bot);
    let topic = forum.add_topic("Тема");
    let channel = cast.tg.add_channel("Канал");
    channel.add_bot(&cast.bot, &cast.anna);
    channel.posts("пост");
    let first = cast.anna.compose(&forum).text("раз").in_topic(topic).send();
    cast.anna.replies(first, "два");
    cast.anna.compose(&forum).photo("подпись @avtobus_bot").anonymously().send();
    cast.anna.compose(&forum).text("от канала").as_channel(&channel).send();
    cast.anna.compose(&forum).text("пост").automatic_forward_from(&channel).send();
    cast.anna.compose(&forum).text("чужое").forwarded_from(&cast.anna).via(&cast.other).send();
    cast.anna.compose(&forum).text("Оля, ты?").text_mention("Оля", cast.anna.id()).send();
    cast.anna.compose(&forum).sticker().send();
    cast.anna.edits(first, "раз!");
    cast.anna.blocks(&cast.bot);
    let updates = client(&cast).get_updates().await.unwrap();
    let unparsed: Vec<_> = updates.iter().filter(|update| matches!(update.kind, UpdateKind::Error(_))).collect();
    assert!(unparsed.is_empty(), "{unparsed:?}");
    let empty = updates.iter().filter_map(|update| match &update.kind {
        UpdateKind::Message(message) => {
            matches!(message.kind, teloxide::types::MessageKind::Empty {}).then_some(message)
        }
        _ => None,
    });
    assert_eq!(empty.collect::<Vec<_>>(), Vec::<&Message>::new());
    assert_eq!(updates.len(), cast.bot.pending_updates());
}

#[tokio::test]
async fn chat_methods_parse() {
    let cast = cast().await;
    let bot = client(&cast);
    let group = cast.tg.add_supergroup("Друзья");
    group.add_bot(&cast.bot, &cast.anna);
    group.promote(&cast.anna);
    let id = ChatId(group.id().0);
    let chat = bot.get_chat(id).await.unwrap();
    assert_eq!(chat.title(), Some("Друзья"));
    let anna = UserId(cast.anna.id().0.unsigned_abs());
    assert!(bot.get_chat_member(id, anna).await.unwrap().is_administrator());
    let admins = bot.get_chat_administrators(id).await.unwrap();
    assert_eq!(admins.iter().filter(|admin| admin.is_owner()).count(), 1);
    assert_eq!(admins.len(), 2);
    bot.send_chat_action(id, ChatAction::Typing).await.unwrap();
    assert_eq!(cast.bot.chat_actions()[0].action, "typing");
    let sent = bot.send_message(id, "раз").await.unwrap();
    assert!(matches!(sent.chat.kind, ChatKind::Public(_)));
    bot.edit_message_text(id, sent.id, "два").await.unwrap();
    bot.delete_message(id, sent.id).await.unwrap();
    bot.leave_chat(id).await.unwrap();
}

#[tokio::test]
async fn commands_come_through_teloxide_by_scope_and_language() {
    let cast = cast().await;
    let bot = client(&cast);
    let scope = BotCommandScope::AllGroupChats;
    let commands = [BotCommand::new("insanity", "безумие")];
    bot.set_my_commands(commands.clone()).scope(scope.clone()).language_code("ru").await.unwrap();
    assert_eq!(cast.bot.commands_for("all_group_chats", "ru")[0]["command"], "insanity");
    assert!(cast.bot.commands_for("all_group_chats", "").is_empty());
    assert_eq!(bot.get_my_commands().scope(scope).language_code("ru").await.unwrap(), commands);
    assert!(bot.set_my_commands([BotCommand::new("Плохо", "нет")]).await.is_err());
}

#[tokio::test]
async fn refusals_have_the_names_that_teloxide_knows() {
    let cast = cast().await;
    let bot = client(&cast);
    let told = cast.anna.writes_private(&cast.bot, "привет");
    let chat = ChatId(told.chat_id.0);
    let expected = [
        (Fault::BadRequest(BadRequestKind::ReplyNotFound), ApiError::MessageToReplyNotFound),
        (Fault::BadRequest(BadRequestKind::ChatNotFound), ApiError::ChatNotFound),
        (Fault::BadRequest(BadRequestKind::Empty), ApiError::MessageTextIsEmpty),
        (Fault::BadRequest(BadRequestKind::TooLong), ApiError::MessageIsTooLong),
        (Fault::Forbidden(ForbiddenKind::Blocked), ApiError::BotBlocked),
        (Fault::Forbidden(ForbiddenKind::Kicked), ApiError::BotKickedFromSupergroup),
        (Fault::Forbidden(ForbiddenKind::Deactivated), ApiError::UserDeactivated),
        (Fault::Conflict, ApiError::TerminatedByOtherGetUpdates),
        (Fault::Unauthorized, ApiError::InvalidToken),
    ];
    for (fault, error) in expected {
        cast.tg.fault(FaultSpec::new(fault).times(1));
        let refused = bot.send_message(chat, "а").await.unwrap_err();
        assert!(matches!(&refused, RequestError::Api(known) if *known == error), "{refused:?} is not {error:?}");
    }
    cast.tg.fault(FaultSpec::new(Fault::TooManyRequests { retry_after: 7 }).times(1));
    let limited = bot.send_message(chat, "а").await.unwrap_err();
    assert!(matches!(limited, RequestError::RetryAfter(wait) if wait == Seconds::from_seconds(7)), "{limited:?}");
}

#[tokio::test]
async fn refusals_of_the_emulator_itself_have_those_names_too() {
    let cast = cast().await;
    let bot = client(&cast);
    let told = cast.anna.writes_private(&cast.bot, "привет");
    let chat = ChatId(told.chat_id.0);
    let missing = ReplyParameters::new(MessageId(999));
    let refused = bot.send_message(chat, "а").reply_parameters(missing).await.unwrap_err();
    assert!(matches!(refused, RequestError::Api(ApiError::MessageToReplyNotFound)), "{refused:?}");
    cast.anna.blocks(&cast.bot);
    let refused = bot.send_message(chat, "а").await.unwrap_err();
    assert!(matches!(refused, RequestError::Api(ApiError::BotBlocked)), "{refused:?}");

    let group = cast.tg.add_group("Друзья");
    group.add_bot(&cast.bot, &cast.anna);
    let moved = cast.tg.migrate(&group);
    let refused = bot.send_message(ChatId(group.id().0), "а").await.unwrap_err();
    assert!(matches!(refused, RequestError::MigrateToChatId(id) if id.0 == moved.id().0), "{refused:?}");
    bot.send_message(ChatId(moved.id().0), "а").await.unwrap();
}

#[tokio::test]
async fn a_webhook_set_by_multipart_is_understood() {
    let cast = cast().await;
    let bot = client(&cast);
    bot.set_webhook("https://127.0.0.1:1/hook".parse().unwrap()).secret_token("тайна_no").await.unwrap_err();
    bot.set_webhook("https://127.0.0.1:1/hook".parse().unwrap()).secret_token("secret").await.unwrap();
    assert_eq!(bot.get_webhook_info().await.unwrap().url.unwrap().path(), "/hook");
    bot.get_updates().await.unwrap_err();
    bot.delete_webhook().await.unwrap();
    assert!(bot.get_updates().await.unwrap().is_empty());
}
