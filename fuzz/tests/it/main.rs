//! The short version of fuzzing: every target runs its corpus and some thousand changed inputs, each within its time and
//! all within a limit of memory. The long one is `make fuzz`.

#[cfg(test)]
mod short;
