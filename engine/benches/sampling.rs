//! What the choice of one token costs, ours beside the plain way, on logits like those of a trained model.

use std::hint::black_box;
use std::time::Instant;

use maskarad_engine::GenerationConfig;
use maskarad_engine::sampling::Sampler;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

#[path = "../tests/it/plain_sampling.rs"]
mod plain_sampling;

use plain_sampling::PlainSampler;

const VOCABULARY: usize = 50_264;
const HISTORY: usize = 512;
/// Vocabularies that take turns, so that no branch is learnt by heart.
const POSITIONS: usize = 8;
const ROUNDS: usize = 7;
const CHOICES: usize = 200;
const PLAIN_CHOICES: usize = 10;

#[expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut random = StdRng::seed_from_u64(1);
    let history: Vec<u32> = (0..HISTORY).map(|_| random.random_range(0..VOCABULARY as u32)).collect();
    println!("{VOCABULARY} logits, a history of {HISTORY}; medians over {ROUNDS} interleaved rounds");
    println!("settings              logits   plain µs    ours µs    ours/plain");
    for (spread, kind) in [(2.5, "peaked"), (0.5, "flat")] {
        let logits: Vec<Vec<f32>> = (0..POSITIONS).map(|_| some_logits(spread, &mut random)).collect();
        for (name, config) in settings() {
            let (ours, plain) = measure(&config, &logits, &history)?;
            println!("{name:<20}  {kind:<7}  {plain:>8.1}  {ours:>9.1}  {:>12.4}", ours / plain);
        }
    }
    Ok(())
}

fn settings() -> [(&'static str, GenerationConfig); 4] {
    let usual = GenerationConfig {
        do_sample: true,
        temperature: 0.9,
        top_k: 50,
        top_p: 0.95,
        repetition_penalty: 1.1,
        no_repeat_ngram_size: 3,
        ..GenerationConfig::default()
    };
    [
        ("usual", usual.clone()),
        ("greedy", GenerationConfig { do_sample: false, ..usual.clone() }),
        ("top-p alone", GenerationConfig { top_k: 0, ..usual.clone() }),
        ("everything", GenerationConfig { top_k: 0, top_p: 1.0, ..usual }),
    ]
}

/// Near enough to a normal distribution, with so many logits as stand out in a trained model's.
fn some_logits(spread: f32, random: &mut StdRng) -> Vec<f32> {
    (0..VOCABULARY).map(|_| (0..6).map(|_| random.random_range(-1.0f32..1.0)).sum::<f32>() * spread).collect()
}

/// Microseconds of one choice, by us and plainly.
fn measure(
    config: &GenerationConfig,
    logits: &[Vec<f32>],
    history: &[u32],
) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let (mut sampler, mut plain) = (Sampler::new(config), PlainSampler::new(config));
    let mut buffer = vec![0.0; VOCABULARY];
    let (mut ours_times, mut plain_times) = (Vec::new(), Vec::new());
    let microseconds = |begin: Instant| begin.elapsed().as_secs_f64() * 1e6;
    for _ in 0..ROUNDS {
        for logits in logits.iter().cycle().take(CHOICES) {
            // The engine's buffer is filled by the model, so filling it doesn't count.
            buffer.copy_from_slice(logits);
            let begin = Instant::now();
            black_box(sampler.choose(black_box(&mut buffer), history)?);
            ours_times.push(microseconds(begin));
        }
        for logits in logits.iter().cycle().take(PLAIN_CHOICES) {
            let logits = logits.clone();
            let begin = Instant::now();
            black_box(plain.choose(black_box(logits), history));
            plain_times.push(microseconds(begin));
        }
    }
    Ok((median(ours_times), median(plain_times)))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
