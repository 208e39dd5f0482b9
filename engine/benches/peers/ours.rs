//! Our engine as a child: through its public handle, scheduler and channels included, as the daemon uses it.

use std::time::Instant;

use maskarad_engine::{
    Engine, EngineConfig, Event, Finished, Generation, GenerationConfig, InstructionSet, LoadedModel, Precision,
    Request,
};

use crate::Failure;
use crate::protocol::Loaded;
use crate::serve::{Child, Outcome, Peer};

struct Ours {
    engine: Engine,
    model: LoadedModel,
}

/// Loads the checkpoint. The precision may be followed by an instruction set to force, as in `int8/avx2`.
pub(crate) fn load(child: &Child) -> Result<(Box<dyn Peer>, Loaded), Failure> {
    let (precision, forced) = match child.precision.split_once('/') {
        Some((precision, forced)) => (precision, Some(forced)),
        None => (child.precision.as_str(), None),
    };
    let precision = match precision {
        "f32" => Precision::F32,
        "int8" => Precision::Int8,
        other => return Err(format!("no such precision: {other}").into()),
    };
    let config = config(child, forced)?;
    let set = config.instruction_set.unwrap_or_else(InstructionSet::best);
    let engine = Engine::start(config)?;
    let begin = Instant::now();
    let model = engine.load(&child.folder.join("checkpoint"), precision)?;
    let load = begin.elapsed().as_secs_f64();
    let loaded = Loaded {
        load,
        about: format!("maskarad-engine {}, {set}", env!("CARGO_PKG_VERSION")),
        weights: Some(model.memory()),
        token_bytes: Some(model.kv_bytes(1)),
    };
    Ok((Box::new(Ours { engine, model }), loaded))
}

fn config(child: &Child, forced: Option<&str>) -> Result<EngineConfig, Failure> {
    let instruction_set = forced.map(str::parse::<InstructionSet>).transpose()?;
    let cache = Some(child.folder.join("packed"));
    Ok(EngineConfig { threads: child.threads, instruction_set, cache, ..EngineConfig::default() })
}

impl Peer for Ours {
    fn generate(&mut self, prompts: Vec<Vec<u32>>, new: usize) -> Result<Outcome, Failure> {
        let requests: Vec<Request> = prompts.into_iter().map(|prompt| self.request(prompt, new)).collect();
        let begin = Instant::now();
        let running = requests.into_iter().map(|request| self.engine.generate(request));
        let running = running.collect::<Result<Vec<_>, _>>()?;
        let finished = running.into_iter().map(wait).collect::<Result<Vec<_>, _>>()?;
        Ok(outcome(&finished, begin.elapsed().as_secs_f64()))
    }
}

impl Ours {
    fn request(&self, prompt: Vec<u32>, new: usize) -> Request {
        let generation = GenerationConfig { max_new_tokens: new, ..GenerationConfig::default() };
        Request { model: self.model.key(), prompt, generation, want_logits: false }
    }
}

fn wait(mut generation: Generation) -> Result<Finished, Failure> {
    while let Some(event) = generation.blocking_next() {
        match event {
            Event::Token { .. } => {}
            Event::Finished(finished) => return Ok(finished),
            Event::Failed(error) => return Err(error.into()),
        }
    }
    Err("the engine ended".into())
}

/// The peers run in lockstep: all chats get their first token at once. Here a chat may already be speaking while another
/// one's prompt is read, so decoding counts from the last first token on, with as many tokens as came after it.
fn outcome(finished: &[Finished], total: f64) -> Outcome {
    let first_of = |finished: &Finished| (finished.timings.queue_ms + finished.timings.prompt_ms) / 1e3;
    let first = finished.iter().map(first_of).fold(0.0, f64::max);
    let after = |finished: &Finished| {
        let (begin, time) = (first_of(finished), finished.timings.generate_ms / 1e3);
        let share = ((begin + time - first) / time).clamp(0.0, 1.0);
        if time > 0.0 { share * (finished.ids.len() - 1) as f64 } else { 0.0 }
    };
    Outcome {
        first,
        rest: total - first,
        rest_tokens: Some(finished.iter().map(after).sum()),
        tokens: finished.iter().map(|finished| finished.ids.clone()).collect(),
    }
}
