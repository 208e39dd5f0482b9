//! What ends a reply in each template: tokens, and texts where a marker is no token of its own.

use maskarad_engine::Tokenizer;

use crate::Template;

/// What ends a reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stops {
    /// Tokens.
    pub eos_token_ids: Vec<u32>,
    /// Texts, where the marker is no token of its own.
    pub stop_strings: Vec<String>,
}

/// What ends a reply in this template besides the checkpoint's own eos: the other speaker's marker.
pub fn stops(template: &Template, tokenizer: &Tokenizer) -> Stops {
    let mut stops = Stops::default();
    stops.eos_token_ids.extend(["</s>", "<|endoftext|>"].iter().filter_map(|eos| tokenizer.id_of(eos)));
    template.stop_markers().into_iter().for_each(|marker| stops.add(marker, tokenizer));
    stops
}

impl Stops {
    /// Adds a marker by its token, or as text where the tokenizer has none for it.
    fn add(&mut self, marker: &str, tokenizer: &Tokenizer) {
        let added = tokenizer.added_tokens().into_iter().find(|(token, _)| token == marker);
        match added {
            Some((_, id)) if !self.eos_token_ids.contains(&id) => self.eos_token_ids.push(id),
            None if !self.stop_strings.iter().any(|known| known == marker) => self.stop_strings.push(marker.to_owned()),
            _ => {}
        }
    }
}
