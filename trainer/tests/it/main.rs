//! Integration tests of the workshop.

#[cfg(test)]
mod board;
#[cfg(test)]
mod crawl;
#[cfg(test)]
mod eval;
#[cfg(test)]
mod filter;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod support;
#[cfg(test)]
mod telegram;
#[cfg(test)]
mod texts;
