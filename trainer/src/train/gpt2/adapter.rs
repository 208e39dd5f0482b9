//! Low-rank adapters (Hu et al. 2021) in PEFT's words: `y = W x + lora_alpha / r · B A x`.

use candle_core::{Device, Result, Tensor};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::super::learner::TrainError;
use super::network::Pass;
use super::ops::Weight;
use super::ops::dropout::Dropout;
use super::ops::linear::{Linear, Order};
use super::parameters::Parameters;
use super::weights::Base;

/// What an adapter is like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoraConfig {
    /// Rank.
    pub r: usize,
    /// Its product counts `lora_alpha / r` times.
    pub lora_alpha: f64,
    /// Probability that an input of the adapter is dropped.
    pub lora_dropout: f64,
    /// Which projections it stands beside, by the last parts of their names: `c_attn`, `mlp.c_proj`.
    pub target_modules: Vec<String>,
}

impl LoraConfig {
    pub(super) fn validate(&self) -> std::result::Result<(), TrainError> {
        let problem = match self {
            Self { r: 0, .. } => "an adapter's rank `r` is at least 1",
            Self { lora_dropout, .. } if !(0.0..1.0).contains(lora_dropout) => "`lora_dropout` is from 0 to below 1",
            Self { lora_alpha, .. } if !lora_alpha.is_finite() => "`lora_alpha` is a number",
            _ => return Ok(()),
        };
        Err(TrainError::Options(problem.to_owned()))
    }

    /// What the adapter's product is multiplied with.
    fn scale(&self) -> f64 {
        self.lora_alpha / self.r as f64
    }

    fn targets(&self, name: &str) -> bool {
        self.target_modules.iter().any(|module| {
            name.strip_suffix(module.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        })
    }
}

/// A projection, perhaps with an adapter.
#[derive(Debug)]
pub(super) struct Adapted {
    linear: Linear,
    adapter: Option<Adapter>,
}

#[derive(Debug)]
struct Adapter {
    a: Linear,
    b: Linear,
    scale: f64,
    dropout: f32,
}

impl Adapted {
    /// `x` (…, in) → (…, out).
    pub(super) fn forward(&self, x: &Tensor, pass: Pass, site: usize) -> Result<Tensor> {
        let y = self.linear.forward(x)?;
        let Some(adapter) = &self.adapter else { return Ok(y) };
        let x = Dropout::apply(pass.dropout(site, Some(adapter.dropout)), x.clone())?;
        let low = (adapter.a.forward(&x)? * adapter.scale)?; // (…, r)
        y + adapter.b.forward(&low)?
    }
}

/// Makes weights of a base: such that learn, or frozen ones with adapters.
pub(super) struct Maker<'a> {
    base: &'a Base,
    parameters: &'a mut Parameters,
    lora: Option<(&'a LoraConfig, StdRng)>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(base: &'a Base, parameters: &'a mut Parameters, lora: Option<(&'a LoraConfig, u64)>) -> Self {
        Self { base, parameters, lora: lora.map(|(config, seed)| (config, StdRng::seed_from_u64(seed))) }
    }

    pub(super) fn weight(&mut self, name: &str, shape: &[usize]) -> std::result::Result<Weight, TrainError> {
        let tensor = self.base.tensor(name, shape)?;
        Ok(match self.lora {
            Some(_) => Weight { tensor, gradient: None },
            None => self.parameters.add(exported_name(name), &tensor)?,
        })
    }

    pub(super) fn linear(
        &mut self,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> std::result::Result<Adapted, TrainError> {
        let weight = self.weight(&format!("{name}.weight"), &[inputs, outputs])?;
        let bias = Some(self.weight(&format!("{name}.bias"), &[outputs])?);
        let linear = Linear { weight, order: Order::InOut, bias };
        Ok(Adapted { linear, adapter: self.adapter(name, inputs, outputs)? })
    }

    /// A is uniform as PEFT's `kaiming_uniform_(a=√5)` has it, B is zero: an adapter begins as nothing.
    fn adapter(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Option<Adapter>> {
        let Some((config, random)) = self.lora.as_mut().filter(|(config, _)| config.targets(name)) else {
            return Ok(None);
        };
        let bound = 1.0 / (inputs as f32).sqrt();
        let a: Vec<f32> = (0..config.r * inputs).map(|_| random.random_range(-bound..bound)).collect();
        let a = Tensor::from_vec(a, (config.r, inputs), &Device::Cpu)?;
        let b = Tensor::from_vec(vec![0.0_f32; outputs * config.r], (outputs, config.r), &Device::Cpu)?;
        let full = format!("base_model.model.transformer.{name}");
        let mut low = |part: &str, tensor: &Tensor| -> Result<Linear> {
            let weight = self.parameters.add(format!("{full}.{part}.weight"), tensor)?;
            Ok(Linear { weight, order: Order::OutIn, bias: None })
        };
        let (a, b) = (low("lora_A", &a)?, low("lora_B", &b)?);
        Ok(Some(Adapter { a, b, scale: config.scale(), dropout: config.lora_dropout as f32 }))
    }

    /// Checks that each target was found somewhere.
    pub(super) fn finish(self) -> std::result::Result<(), TrainError> {
        let Some((config, _)) = self.lora else { return Ok(()) };
        let names: Vec<&str> = self.parameters.0.iter().map(|parameter| parameter.name.as_str()).collect();
        let is_there = |module: &String| names.iter().any(|name| name.contains(&format!("{module}.lora_A")));
        match config.target_modules.iter().find(|module| !is_there(module)) {
            None if config.target_modules.is_empty() => {
                Err(TrainError::Options("`target_modules` names no projection; expected c_attn, say".to_owned()))
            }
            None => Ok(()),
            Some(module) => Err(TrainError::Options(format!(
                "`target_modules` names {module:?}, which a GPT-2 doesn't have; expected c_attn, c_proj or c_fc"
            ))),
        }
    }
}

/// As `GPT2LMHeadModel` saves it.
fn exported_name(name: &str) -> String {
    if name.starts_with("lm_head.") { name.to_owned() } else { format!("transformer.{name}") }
}
