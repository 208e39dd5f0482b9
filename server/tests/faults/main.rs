//! The fault campaign: the real daemon as a child process against the emulator, killed and troubled by seed, and audited
//! from what the emulator saw. `cfg(test)` tells clippy that helpers are tests too.
//!
//! An act builds a stage, lets people write while things go wrong, waits for calm, and hands what the emulator logged to the
//! auditor. `make test` plays short acts, `make faults` long ones.

#[cfg(test)]
mod act;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod books;
#[cfg(test)]
mod cast;
#[cfg(test)]
mod crew;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod ground;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod log;
#[cfg(test)]
mod long;
#[cfg(test)]
mod network;
#[cfg(test)]
mod report;
#[cfg(test)]
mod run;
#[cfg(test)]
mod script;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod short;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod support;
#[cfg(test)]
mod worker;
