//! Integration tests of the workshop.

#[cfg(test)]
mod telegram;
