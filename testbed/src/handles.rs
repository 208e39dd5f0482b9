//! What a test holds: the emulator, its bots, people and groups. All are cheap to clone and none needs a runtime
//! to act. They only speak to the world; they keep nothing of their own.

mod testbed;

mod bot;

mod user;

mod group;

mod compose;

mod transcript;

mod wait;

pub use bot::Bot;
pub use compose::MessageBuilder;
pub use group::{Group, PrivateChat};
pub use testbed::{FaultHandle, Testbed};
pub use transcript::Sent;
pub use user::User;
