//! Removes a person from a corpus for good.
