//! A toxicity classifier that keeps the most or the least toxic part of a corpus.
