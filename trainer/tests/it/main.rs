//! Integration tests of the workshop.
