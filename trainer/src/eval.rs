//! How well a persona does: perplexity, likeness, copying.
