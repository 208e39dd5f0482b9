//! Reading commands and their arguments.

use super::{ours, parsed, percent};
use crate::chat::{ChatKind, EntityKind, Language, MessageId, RepliedTo, SenderKind, UserId};
use crate::command::*;
use crate::testing::{ANN, group, marked, me, message, private, sender, with_entity};

#[test]
fn every_command_and_alias() {
    for (text, command) in [
        ("/start", Command::Start),
        ("/start payload", Command::Start),
        ("/help", Command::Help),
        ("/HELP@Avtobus_BOT", Command::Help),
        ("/settings", Command::Settings),
        ("/reset", Command::Reset),
        ("/delete_history", Command::Reset),
        ("/insanity", Command::Insanity(None)),
        ("/context", Command::Context(None)),
        ("/context@avtobus_bot 50", Command::Context(Some(50))),
        ("/set_context_length 0", Command::Context(Some(0))),
        ("/chance", Command::Chance(None)),
        ("/chance 100", Command::Chance(Some(percent(100)))),
        ("/chance 5%", Command::Chance(Some(percent(5)))),
        ("/chance off", Command::Chance(Some(percent(0)))),
        ("/chance 1", Command::Chance(Some(percent(1)))),
        ("/quiet", Command::Quiet(1)),
        ("/quiet 168", Command::Quiet(168)),
        ("/quiet 2ч", Command::Quiet(2)),
        ("/quiet 1", Command::Quiet(1)),
        ("/quiet 0", Command::Quiet(0)),
        ("/quiet off", Command::Quiet(0)),
        ("/language", Command::Language(None)),
        ("/language RU", Command::Language(Some(Language::Ru))),
        ("/language en, please", Command::Language(Some(Language::En))),
    ] {
        assert_eq!(ours(text), command, "{text}");
    }
}

#[test]
fn toggles_in_many_words() {
    for word in ["on", "ON", "вкл", "Вкл.", "да", "1"] {
        assert_eq!(ours(&format!("/insanity {word}")), Command::Insanity(Some(Toggle::On)), "{word}");
    }
    for word in ["off", "выкл", "нет", "0", "off please"] {
        assert_eq!(ours(&format!("/insanity\n{word}")), Command::Insanity(Some(Toggle::Off)), "{word}");
    }
}

#[test]
fn bad_arguments_are_told_apart() {
    for (text, bad) in [
        ("/insanity maybe", BadArgument::Insanity),
        ("/context 51", BadArgument::Context),
        ("/context -1", BadArgument::Context),
        ("/context 99999999999999999999", BadArgument::Context),
        ("/context 4.5", BadArgument::Context),
        ("/chance 101", BadArgument::Chance),
        ("/chance часто", BadArgument::Chance),
        ("/quiet 169", BadArgument::Quiet),
        ("/quiet -1", BadArgument::Quiet),
        ("/language fr", BadArgument::Language),
        ("/block", BadArgument::Person),
        ("/unblock @somebody", BadArgument::Person),
        ("/block 7", BadArgument::Person),
    ] {
        assert_eq!(ours(text), Command::Bad(bad), "{text}");
    }
}

#[test]
fn people_are_named_by_id_mention_or_reply() {
    assert_eq!(ours("/block 555"), Command::Block(UserId(555)));
    assert_eq!(ours("/unblock -1005"), Command::Unblock(UserId(-1005)));
    let mentioned = with_entity(marked(group("/block Ann")), "Ann", EntityKind::UserMention(ANN));
    assert_eq!(parse(&mentioned, &me()), Some(Parsed::Ours(Command::Block(ANN))));
    let mut reply = marked(group("/block"));
    let to =
        |id| Some(RepliedTo { id: MessageId(1), sender: Some(sender(id, SenderKind::Person)), text: String::new() });
    reply.reply_to = to(ANN);
    assert_eq!(parse(&reply, &me()), Some(Parsed::Ours(Command::Block(ANN))));
    reply.reply_to = to(me().id);
    assert_eq!(parse(&reply, &me()), Some(Parsed::Ours(Command::Bad(BadArgument::Person))));
}

#[test]
fn what_is_not_for_us_and_what_nobody_knows() {
    assert_eq!(parsed("/help@other_bot"), Some(Parsed::NotForUs));
    assert_eq!(parsed("/unknown@avtobus_bot2"), Some(Parsed::NotForUs));
    assert_eq!(parsed("/unknown@avtobus_bot"), Some(Parsed::Unknown(Addressee::Us)));
    assert_eq!(parsed("/unknown"), Some(Parsed::Unknown(Addressee::Anybody)));
    assert_eq!(parse(&marked(private("/unknown")), &me()), Some(Parsed::Unknown(Addressee::Us)));
}

#[test]
fn what_is_no_command() {
    assert_eq!(parsed("привет"), None);
    assert_eq!(parsed("скажи /help"), None);
    assert_eq!(parse(&group("/help"), &me()), None, "in code there is no entity");
    for kind in [SenderKind::Bot, SenderKind::AutomaticForward] {
        let mut message = marked(group("/help"));
        message.sender.kind = kind;
        assert_eq!(parse(&message, &me()), None, "{kind:?}");
    }
    let mut forwarded = marked(private("/reset"));
    forwarded.forwarded = true;
    assert_eq!(parse(&forwarded, &me()), None);
    assert_eq!(parse(&marked(message(ChatKind::Channel, "/help")), &me()), None);
}
