//! What a learner keeps between two processes: weights that learn, their moments, the count of steps; bit for bit.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::super::learner::TrainError;
use super::adamw::Moments;
use super::files::{set, write_tensors};
use super::parameters::Parameters;

const FILE: &str = "learner.safetensors";
const STEPS: &str = "optimizer_steps";

pub(super) fn save(folder: &Path, parameters: &Parameters, moments: &Moments) -> Result<(), TrainError> {
    let path = folder.join(FILE);
    let weights: Vec<Vec<f32>> =
        parameters.0.iter().map(|p| p.tensor.flatten_all()?.to_vec1()).collect::<candle_core::Result<_>>()?;
    let mut views = Vec::new();
    for ((parameter, weights), pair) in parameters.0.iter().zip(&weights).zip(&moments.values) {
        for (kind, values) in [("weight", weights), ("first", &pair.first), ("second", &pair.second)] {
            let view = TensorView::new(Dtype::F32, vec![values.len()], bytemuck::cast_slice(values))
                .expect("a vector has the length of its values");
            views.push((format!("{kind}.{}", parameter.name), view));
        }
    }
    let steps = HashMap::from([(STEPS.to_owned(), moments.steps.to_string())]);
    write_tensors(&path, views, steps)
}

pub(super) fn restore(folder: &Path, parameters: &Parameters, moments: &mut Moments) -> Result<(), TrainError> {
    let path = folder.join(FILE);
    let located = |source| TrainError::File { path: path.clone(), source };
    let broken = |problem: String| TrainError::Weights { folder: path.clone(), problem };
    let bytes = std::fs::read(&path).map_err(located)?;
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| broken(error.to_string()))?;
    let steps = metadata.metadata().as_ref().and_then(|fields| fields.get(STEPS)?.parse().ok());
    let steps = steps.ok_or_else(|| broken(format!("doesn't say `{STEPS}`")))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| broken(error.to_string()))?;
    let values = |kind: &str, name: &str, count: usize| {
        let name = format!("{kind}.{name}");
        let view = tensors.tensor(&name).map_err(|error| broken(error.to_string()))?;
        let values: Vec<f32> = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if view.dtype() != Dtype::F32 || values.len() != count {
            return Err(broken(format!("has `{name}` in another shape; begin anew with --restart")));
        }
        Ok(values)
    };
    for (parameter, pair) in parameters.0.iter().zip(&mut moments.values) {
        let count = parameter.tensor.elem_count();
        set(parameter, values("weight", &parameter.name, count)?)?;
        pair.first = values("first", &parameter.name, count)?;
        pair.second = values("second", &parameter.name, count)?;
        parameter.gradient.values().fill(0.0);
    }
    moments.steps = steps;
    Ok(())
}
