//! GPT-2 inference.
