//! Fine-tuning of a GPT-2: whole, or by a low-rank adapter.
