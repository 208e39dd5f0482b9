//! Who the fixtures tell of. The numbers are never met otherwise, so that a test can put its own in their place.

/// The bot of the persona `avtobus`; that of `polkson` follows.
pub(super) const BOT: i64 = 7_000_000_001;
/// The supergroup, once the group -400.
pub(super) const GROUP: i64 = -1_007_000_000_400;
/// A pending job in private.
pub(super) const ANNA: i64 = 7_000_000_501;
/// A running one.
pub(super) const BORIS: i64 = 7_000_000_502;
/// A ready one.
pub(super) const VERA: i64 = 7_000_000_503;
/// An update that is not routed.
pub(super) const DIMA: i64 = 7_000_000_504;
/// A reply that was being sent, since 0002.
pub(super) const GALYA: i64 = 7_000_000_505;
/// One that was being sent for the second time.
pub(super) const EGOR: i64 = 7_000_000_506;

/// Those with private conversations.
pub(super) const PEOPLE: [(i64, &str); 5] =
    [(ANNA, "Анна O'Нил"), (BORIS, "Борис"), (VERA, "Вера"), (GALYA, "Галя"), (EGOR, "Егор")];
