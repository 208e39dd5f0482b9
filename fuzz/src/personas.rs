//! The personas that targets judge messages for: the default, a closed one, and one where everybody may toggle.

use std::path::Path;
use std::sync::LazyLock;

use maskarad::chat::{Me, UserId};
use maskarad::config::environment::Environment;
use maskarad::config::manifest;
use maskarad::config::persona::Persona;

/// The owner that the closed persona has.
pub(crate) const OWNER: UserId = UserId(1);

const MANIFESTS: [&str; 3] = [
    "triggers: { names: [автобус, бас, жёлтый бас], names_match: anywhere }",
    "triggers: { names: [автобус] }\nowner: 1\naccess: { private: [1, 100], groups: [-1000] }",
    "who_may_toggle: everyone\nchat_defaults: { insanity: true }\ntriggers: { chance: 0.5 }",
];

/// Them.
pub(crate) fn personas() -> &'static [Persona] {
    static PERSONAS: LazyLock<Vec<Persona>> = LazyLock::new(|| MANIFESTS.map(persona).to_vec());
    &PERSONAS
}

/// A persona with this in its manifest.
pub(crate) fn persona(manifest: &str) -> Persona {
    let template = if manifest.contains("template:") { "" } else { "template: rudialogpt\n" };
    let text = format!("name: p\nmodel: {{ path: m }}\n{template}{manifest}");
    manifest::parse(Path::new("p.yaml"), &text, Environment::new(&|_| None)).expect("our own manifests are sound")
}

/// Their bot.
pub(crate) fn me() -> Me {
    Me { id: UserId(7), username: "avtobus_bot".to_owned(), can_read_all_group_messages: true }
}
