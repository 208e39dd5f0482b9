//! Which words of a manifest mean which values.

use maskarad_engine::Precision;

use crate::chat::Language;
use crate::config::declare::words;
use crate::config::persona::{Case, Cut, LengthClass, NamesMatch, StartAt, Updates, WhoMayToggle};

words! {
    Updates { "polling" => Polling, "webhook" => Webhook, }
    Precision, expected "f32 or int8" { "int8" => Int8, "f32" => F32, }
    LengthClass, expected r#"1 (to 15 tokens), 2 (to 50), 3 (to 256) or "-" (longer)"# {
        "1" => Short,
        "2" => Medium,
        "3" => Long,
        "-" => Unbounded,
    }
    WhoMayToggle { "admins" => Admins, "everyone" => Everyone, }
    NamesMatch { "edges" => Edges, "anywhere" => Anywhere, }
    Language { "ru" => Ru, "en" => En, }
    Case { "keep" => Keep, "lower" => Lower, "upper" => Upper, }
    StartAt {
        "beginning" => Beginning,
        "first_cyrillic_after_newline" => FirstCyrillicAfterNewline,
        "first_cyrillic" => FirstCyrillic,
    }
    Cut { "nothing" => Nothing, "first_sentence" => FirstSentence, "first_line" => FirstLine, }
}
