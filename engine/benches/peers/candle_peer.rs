//! candle as it comes, as a child: the oracle of the engine's tests, in lockstep.

use std::time::Instant;

use candle_core::{D, Device, Tensor};

use crate::Failure;
use crate::oracle::{Cache, Gpt2, Weights};
use crate::protocol::Loaded;
use crate::serve::{Child, Outcome, Peer};

struct Candle(Gpt2);

/// Loads the checkpoint with weights in `f32` or `Q8_0`.
pub(crate) fn load(child: &Child) -> Result<(Box<dyn Peer>, Loaded), Failure> {
    let weights = match child.precision.as_str() {
        "f32" => Weights::F32,
        "Q8_0" => Weights::Q8_0,
        other => return Err(format!("no such precision: {other}").into()),
    };
    let begin = Instant::now();
    let model = Gpt2::load(&child.folder.join("checkpoint"), weights)?;
    let load = begin.elapsed().as_secs_f64();
    let about = "candle's QMatMul, softmax and layer norm, f32 KV".to_owned();
    Ok((Box::new(Candle(model)), Loaded { load, about, weights: None, token_bytes: None }))
}

impl Peer for Candle {
    fn generate(&mut self, prompts: Vec<Vec<u32>>, new: usize) -> Result<Outcome, Failure> {
        let (chats, length) = (prompts.len(), prompts.first().map_or(0, Vec::len));
        let mut cache = Cache::default();
        let begin = Instant::now();
        let mut next = self.step(&Tensor::from_vec(prompts.concat(), (chats, length), &Device::Cpu)?, &mut cache)?;
        let first = begin.elapsed().as_secs_f64();
        let mut steps = vec![next.to_vec1::<u32>()?];
        for _ in 1..new {
            next = self.step(&next.reshape((chats, 1))?, &mut cache)?;
            steps.push(next.to_vec1()?);
        }
        let rest = begin.elapsed().as_secs_f64() - first;
        let tokens = (0..chats).map(|chat| steps.iter().map(|step| step[chat]).collect()).collect();
        Ok(Outcome { first, rest, rest_tokens: None, tokens })
    }
}

impl Candle {
    /// The likeliest token after each of the sequences `ids` (B, T) → (B).
    fn step(&self, ids: &Tensor, cache: &mut Cache) -> Result<Tensor, Failure> {
        let x = self.0.forward(ids, cache)?; // (B, T, C)
        let last = x.narrow(1, ids.dim(1)? - 1, 1)?.squeeze(1)?.contiguous()?; // (B, C)
        Ok(self.0.logits(&last)?.argmax(D::Minus1)?)
    }
}
