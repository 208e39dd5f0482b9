//! The road from sources to a persona, and what of it must be gone again after a change.
//!
//! Owns the order of the steps, the stamps that tell whether a step's work still holds, and that an interrupted step is
//! taken up where it fits and begun anew where it doesn't. Knows nothing of what a step does: that is [`Stage::work`].

mod place;
mod road;
mod stamp;
mod step;

pub use self::place::put;
pub use self::road::{Road, RoadError, Stage, Verdict, Watch, Work};
pub use self::stamp::{Reason, Stamp, content_hash};
pub use self::step::Step;

#[cfg(test)]
mod tests;
