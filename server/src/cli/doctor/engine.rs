//! Whether the checkpoints can be loaded, how fast they are here, and what they take of memory.

use maskarad_engine::{Engine, Event, GenerationConfig, Request, Timings};

use super::finding::Findings;
use super::machine;
use crate::cli::model;
use crate::config::daemon::DaemonConfig;
use crate::config::persona::Persona;
use crate::live::Voice;
use crate::prompt::Turn;

/// Enough to tell a fast machine from a slow one, and soon done on a slow one.
const TOKENS: usize = 24;
/// A reply that takes longer is late in a lively chat.
const PATIENCE: f64 = 30.0;

/// Loads every persona's checkpoint and lets each distinct one write a little.
pub(super) fn look(config: &DaemonConfig, personas: &[Persona], findings: &mut Findings) {
    let engine = match Engine::start(config.engine.clone()) {
        Ok(engine) => engine,
        Err(error) => {
            let error = crate::cli::sentence(&anyhow::Error::new(error));
            return findings.error(
                "engine",
                format!("the engine doesn't start: {error}"),
                "mend engine in maskarad.yaml",
            );
        }
    };
    let mut voices: Vec<Voice> = Vec::new();
    for persona in personas {
        match model::load(&engine, persona) {
            Ok(voice) => {
                findings.ok("checkpoint", format!("{}: its checkpoint and tokenizer can be loaded", persona.name));
                if !voices.iter().any(|other| other.model.key() == voice.model.key()) {
                    speed(&engine, persona, &voice, findings);
                    voices.push(voice);
                }
            }
            Err(problem) => findings.error(
                "checkpoint",
                problem.to_string(),
                "model.path must name a folder as Hugging Face writes it, which `maskarad model inspect` can read",
            ),
        }
    }
    if !voices.is_empty() {
        let adapters: usize = voices.iter().map(|voice| voice.model.adapter_memory()).sum();
        machine::memory(engine.weights_memory() + adapters, config.engine.kv_memory, findings);
    }
    engine.shutdown();
}

fn speed(engine: &Engine, persona: &Persona, voice: &Voice, findings: &mut Findings) {
    match measure(engine, persona, voice) {
        Ok(timings) => told(persona, &timings, findings),
        Err(error) => findings.error(
            "speed",
            format!("{}: its model can't write: {}", persona.name, crate::cli::sentence(&error)),
            "fetch the checkpoint again; it may be damaged",
        ),
    }
}

fn measure(engine: &Engine, persona: &Persona, voice: &Voice) -> anyhow::Result<Timings> {
    let prompt = voice.prompt(persona, &[Turn::asked("Привет, как дела?")])?;
    let generation = GenerationConfig {
        max_new_tokens: TOKENS.min(voice.window().max_new_tokens),
        eos_token_ids: Vec::new(),
        stop_strings: Vec::new(),
        ..voice.generation(1)
    };
    let request = Request { model: voice.model.key(), prompt, generation, want_logits: false };
    let mut generation = engine.generate(request)?;
    loop {
        match generation.blocking_next() {
            Some(Event::Token { .. }) => {}
            Some(Event::Finished(finished)) => return Ok(finished.timings),
            Some(Event::Failed(error)) => return Err(error.into()),
            None => anyhow::bail!("the engine died"),
        }
    }
}

fn told(persona: &Persona, timings: &Timings, findings: &mut Findings) {
    let per_second = tokens_per_second(timings);
    let most = persona.generation.max_new_tokens;
    let reply = timings.prompt_ms / 1000.0 + f64::from(u32::try_from(most).unwrap_or(u32::MAX)) / per_second;
    let message =
        format!("{}: {per_second:.0} tokens/s here, so a reply of {most} tokens takes {reply:.1} s", persona.name);
    if reply > PATIENCE {
        let mend = "use precision int8, a smaller checkpoint or a smaller generation.max_new_tokens, or more cores";
        findings.warning("speed", message, mend);
    } else {
        findings.ok("speed", message);
    }
}

/// Of one conversation alone; several at once get more in all.
fn tokens_per_second(timings: &Timings) -> f64 {
    let written = u32::try_from(timings.generated_tokens.saturating_sub(1)).unwrap_or(u32::MAX);
    f64::from(written.max(1)) / (timings.generate_ms / 1000.0).max(1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_of_the_tokens_after_the_first() {
        let timings =
            Timings { queue_ms: 0.0, prompt_ms: 100.0, generate_ms: 1000.0, prompt_tokens: 10, generated_tokens: 21 };
        assert!((tokens_per_second(&timings) - 20.0).abs() < 1e-9);
        let mut findings = Findings::default();
        told(&crate::testing::persona(), &timings, &mut findings);
        assert!(findings.told()[0].2.contains("20 tokens/s"), "{findings:?}");
    }
}
