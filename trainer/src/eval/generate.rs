//! Replies to held-out contexts. Knows the engine and the dialog templates; what a reply is cleaned by is the caller's matter.

use std::collections::VecDeque;

use maskarad_dialog::{Format, Markers, PromptError, Side, Told, Turn, Writer};
use maskarad_engine::{Engine, EngineError, Event, Generation, GenerationConfig, LoadedModel, Request, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::progress::Progress;

/// Replies under way at once.
const AT_ONCE: usize = 8;

/// What somebody said, and what a person answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Oldest first; the last is by somebody else than the persona.
    pub turns: Vec<Told>,
    /// What the persona's people answered.
    pub human: String,
}

/// A generated reply beside a person's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// What was said before, a line for each turn.
    pub context: String,
    /// What a person answered.
    pub human: String,
    /// What the model answered.
    pub generated: String,
}

/// How replies are made.
pub struct Speaker<'a> {
    /// Where they are computed.
    pub engine: &'a Engine,
    /// How turns are written.
    pub format: &'a Format,
    /// Its stops are complete; the seed is replaced for each reply.
    pub generation: &'a GenerationConfig,
    /// Tokens a prompt may have.
    pub budget: usize,
    /// What a generated text becomes before it is sent.
    pub clean: &'a dyn Fn(&str) -> String,
}

impl std::fmt::Debug for Speaker<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Speaker")
            .field("format", &self.format)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

/// Why no reply could be made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A prompt can't be written.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The engine can't carry it out.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine died.
    #[error("the engine ended before a reply was finished")]
    Died,
}

/// The last answer of a dialogue that is the persona's and not only context, with what it answers.
#[must_use]
pub fn context(told: &[Told]) -> Option<Context> {
    let last = told.iter().rposition(|turn| turn.learned && turn.side == Side::Persona)?;
    let question = told[..last].iter().rposition(|turn| turn.side == Side::Others)?;
    let answer = told[question + 1..=last].iter().map(|turn| turn.text.as_str());
    Some(Context { human: answer.collect::<Vec<_>>().join("\n"), turns: told[..=question].to_vec() })
}

/// So many contexts, spread evenly; where there are fewer, each is used as often as it takes.
#[must_use]
pub fn choose(contexts: &[Context], count: usize) -> Vec<&Context> {
    match contexts.len() {
        0 => Vec::new(),
        have if have >= count => (0..count).map(|number| &contexts[number * have / count]).collect(),
        have => (0..count).map(|number| &contexts[number % have]).collect(),
    }
}

/// A reply to each context. The same seed gives the same replies.
///
/// # Errors
/// A prompt can't be written, or the engine fails.
pub fn replies(
    speaker: &Speaker<'_>,
    model: &LoadedModel,
    tokenizer: &Tokenizer,
    contexts: &[&Context],
    progress: &dyn Progress,
) -> Result<Vec<Reply>, GenerateError> {
    let Format { template, rules } = speaker.format;
    let markers = Markers::new(template, tokenizer);
    let writer = Writer::new(template, rules, tokenizer, &markers);
    let (mut replies, mut running) = (Vec::new(), VecDeque::new());
    for (number, context) in contexts.iter().enumerate() {
        if running.len() == AT_ONCE {
            finish(speaker, &mut running, &mut replies)?;
            progress.at(replies.len() as u64);
        }
        let prompt = maskarad_dialog::build(&writer, &turns(context), speaker.budget)?;
        let seed = speaker.generation.seed.wrapping_add(number as u64);
        let generation = GenerationConfig { seed, ..speaker.generation.clone() };
        let request = Request { model: model.key(), prompt, generation, want_logits: false };
        running.push_back((*context, speaker.engine.generate(request)?));
    }
    while !running.is_empty() {
        finish(speaker, &mut running, &mut replies)?;
        progress.at(replies.len() as u64);
    }
    Ok(replies)
}

/// A context as a prompt wants it: the last turn is what is asked.
fn turns(context: &Context) -> Vec<Turn> {
    let mut turns: Vec<Turn> = context.turns.iter().map(|told| Turn::earlier(told.side, told.text.as_str())).collect();
    if let Some(last) = turns.last_mut() {
        last.asked = true;
    }
    turns
}

/// Waits for the reply that was asked for first.
fn finish(
    speaker: &Speaker<'_>,
    running: &mut VecDeque<(&Context, Generation)>,
    replies: &mut Vec<Reply>,
) -> Result<(), GenerateError> {
    let Some((context, mut generation)) = running.pop_front() else { return Ok(()) };
    loop {
        match generation.blocking_next().ok_or(GenerateError::Died)? {
            Event::Token { .. } => {}
            Event::Failed(error) => return Err(error.into()),
            Event::Finished(finished) => {
                let said: Vec<&str> = context.turns.iter().map(|told| told.text.as_str()).collect();
                let generated = (speaker.clean)(&finished.text.unwrap_or_default());
                replies.push(Reply { context: said.join("\n"), human: context.human.clone(), generated });
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(side: Side, text: &str, learned: bool) -> Told {
        Told { side, text: text.to_owned(), learned }
    }

    #[test]
    fn a_context_ends_before_the_last_answer() {
        let (me, you) = (Side::Persona, Side::Others);
        let dialogue = [
            told(you, "раз", true),
            told(me, "два", true),
            told(you, "три", true),
            told(me, "че", true),
            told(me, "тыре", true),
        ];
        let found = context(&dialogue).unwrap();
        assert_eq!((found.turns.len(), found.human.as_str()), (3, "че\nтыре"));
        assert_eq!(context(&dialogue[..3]).unwrap().human, "два");
        assert_eq!(context(&[told(me, "один", true)]), None);
        assert_eq!(context(&[told(you, "раз", true), told(me, "два", false)]), None);
    }

    #[test]
    fn contexts_are_spread_or_used_again() {
        let context = |name: &str| Context { turns: Vec::new(), human: name.to_owned() };
        let contexts: Vec<Context> = ["a", "b", "c", "d", "e"].map(context).into();
        let names = |count| choose(&contexts, count).iter().map(|c| c.human.as_str()).collect::<String>();
        assert_eq!([names(2), names(5), names(7)], ["ac", "abcde", "abcdeab"]);
        assert!(choose(&[], 3).is_empty());
    }
}
