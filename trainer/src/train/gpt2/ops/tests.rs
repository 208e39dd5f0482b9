//! Each operation beside the composition of candle's own that it stands for: results and gradients, odd sizes included.

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::ops::{log_softmax, softmax};
use maskarad_engine::config::Activation as Kind;
use proptest::prelude::*;

use super::activation::Activation;
use super::attention::Attention;
use super::cross_entropy::cross_entropy;
use super::dropout::Dropout;
use super::embedding::Embedding;
use super::layer_norm::LayerNorm;
use super::linear::{Linear, Order};
use super::{Gradient, Weight};

/// Numbers around zero that follow from a seed.
fn numbers(seed: u64, shape: &[usize]) -> Var {
    let dropout = |place: usize, bit: u32| Dropout { probability: 0.5, key: seed * 64 + u64::from(bit) }.factor(place);
    let one =
        |place: usize| (0..12).map(|bit| dropout(place, bit) / 2.0 / f32::from(2_u16.pow(bit))).sum::<f32>() - 1.0;
    let values: Vec<f32> = (0..shape.iter().product()).map(one).collect();
    Var::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// The same with neighbours in a row far from each other: the gradient of a norm over nearly equal values is a small difference of
/// great numbers, which no two ways of summing tell alike.
fn apart(var: &Var) -> Var {
    let width = var.dims().last().copied().unwrap_or(1);
    let far: Vec<f32> = (0..width).map(|at| if at % 2 == 0 { 2.0 } else { -2.0 }).collect();
    let far = Tensor::from_vec(far, width, &Device::Cpu).unwrap();
    Var::from_tensor(&var.broadcast_add(&far).unwrap()).unwrap()
}

fn weight(var: &Var) -> Weight {
    let gradient = Gradient::zeros(var.elem_count());
    Weight { tensor: var.as_detached_tensor(), gradient: Some(gradient) }
}

fn frozen(var: &Var) -> Weight {
    Weight { tensor: var.as_detached_tensor(), gradient: None }
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn assert_close(ours: &[f32], theirs: &[f32], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let scale = theirs.iter().fold(1.0_f32, |most, value| most.max(value.abs()));
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!((ours - theirs).abs() <= 2e-5 * scale, "{what}, {at}: {ours} instead of {theirs}");
    }
}

/// Compares results, the gradient of `x`, and those that weights gathered, for a loss in which every value counts.
fn compare(x: &Var, ours: &Tensor, theirs: &Tensor, weights: &[(&Weight, &Var)]) {
    assert_close(&flat(ours), &flat(theirs), "the result");
    let importance = numbers(99, ours.dims());
    let loss = |y: &Tensor| (y * importance.as_tensor()).unwrap().sum_all().unwrap().backward().unwrap();
    let (ours, theirs) = (loss(ours), loss(theirs));
    assert_close(&flat(ours.get(x).unwrap()), &flat(theirs.get(x).unwrap()), "the gradient of x");
    for (index, (weight, var)) in weights.iter().enumerate() {
        let gathered = weight.gradient.as_ref().unwrap().values();
        assert_close(&gathered, &flat(theirs.get(var).unwrap()), &format!("the gradient of weight {index}"));
    }
}

fn norm(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    centred.broadcast_div(&(variance + 1e-5)?.sqrt()?)?.broadcast_mul(weight)?.broadcast_add(bias)
}

/// `mask` (B·H, T, T) is what probabilities are multiplied with.
fn attend(qkv: &Tensor, heads: usize, scale: f64, mask: Option<&Tensor>) -> Result<Tensor> {
    let (batch, tokens, triple) = qkv.dims3()?;
    let width = triple / 3;
    let part = |third: usize| -> Result<Tensor> {
        let part = qkv.narrow(2, third * width, width)?.reshape((batch, tokens, heads, width / heads))?;
        part.transpose(1, 2)?.contiguous()
    };
    let (q, k, v) = (part(0)?, part(1)?, part(2)?);
    let scores = (q.matmul(&k.transpose(2, 3)?.contiguous()?)? * scale)?;
    let future: Vec<f32> =
        (0..tokens * tokens).map(|at| if at % tokens > at / tokens { f32::NEG_INFINITY } else { 0.0 }).collect();
    let future = Tensor::from_vec(future, (1, 1, tokens, tokens), qkv.device())?;
    let mut p = softmax(&scores.broadcast_add(&future)?, D::Minus1)?;
    if let Some(mask) = mask {
        p = (p * mask.reshape((batch, heads, tokens, tokens))?)?;
    }
    p.matmul(&v)?.transpose(1, 2)?.reshape((batch, tokens, width))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn linear_layers(seed in 0_u64..1000, rows in 1_usize..40, inputs in 1_usize..40, outputs in 1_usize..40, turned: bool) {
        let x = numbers(seed, &[2, rows, inputs]);
        let shape = if turned { [outputs, inputs] } else { [inputs, outputs] };
        let (w, b) = (numbers(seed + 1, &shape), numbers(seed + 2, &[outputs]));
        let order = if turned { Order::OutIn } else { Order::InOut };
        let layer = Linear { weight: weight(&w), order, bias: Some(weight(&b)) };
        let matrix = if turned { w.as_tensor().t().unwrap() } else { w.as_tensor().clone() };
        let theirs = x.as_tensor().broadcast_matmul(&matrix).unwrap().broadcast_add(b.as_tensor()).unwrap();
        compare(&x, &layer.forward(x.as_tensor()).unwrap(), &theirs, &[
            (&layer.weight, &w),
            (layer.bias.as_ref().unwrap(), &b),
        ]);
        let cold = Linear { weight: frozen(&w), order, bias: None };
        let theirs = x.as_tensor().broadcast_matmul(&matrix).unwrap();
        compare(&x, &cold.forward(x.as_tensor()).unwrap(), &theirs, &[]);
    }

    #[test]
    fn layer_norms(seed in 0_u64..1000, rows in 1_usize..200, width in 2_usize..50) {
        let x = apart(&numbers(seed, &[rows, width]));
        let (w, b) = (numbers(seed + 1, &[width]), numbers(seed + 2, &[width]));
        let layer = LayerNorm { weight: weight(&w), bias: weight(&b), epsilon: 1e-5 };
        let theirs = norm(x.as_tensor(), w.as_tensor(), b.as_tensor()).unwrap();
        compare(&x, &layer.forward(x.as_tensor()).unwrap(), &theirs, &[(&layer.weight, &w), (&layer.bias, &b)]);
    }

    #[test]
    fn attentions(seed in 0_u64..1000, batch in 1_usize..4, tokens in 1_usize..20, heads in 1_usize..4, size in 1_usize..9) {
        let x = numbers(seed, &[batch, tokens, 3 * heads * size]);
        for probability in [0.0, 0.3] {
            let dropout = (probability > 0.0).then_some(Dropout { probability, key: seed });
            let mask = dropout.map(|dropout| {
                let factors = (0..batch * heads * tokens * tokens).map(|at| dropout.factor(at)).collect();
                Tensor::from_vec(factors, (batch * heads, tokens, tokens), &Device::Cpu).unwrap()
            });
            let ours = x.as_tensor().apply_op1(Attention { heads, scale: 0.4, dropout }).unwrap();
            compare(&x, &ours, &attend(x.as_tensor(), heads, 0.4, mask.as_ref()).unwrap(), &[]);
        }
    }

    #[test]
    fn losses(seed in 0_u64..1000, rows in 1_usize..300, width in 1_usize..12, vocabulary in 2_usize..40) {
        let (x, w) = (numbers(seed, &[rows, width]), numbers(seed + 1, &[vocabulary, width]));
        let labels: Vec<Option<u32>> =
            (0..rows).map(|row| (row % 3 != 1).then_some(((row * 7 + 3) % vocabulary) as u32)).collect();
        let table = weight(&w);
        let (loss, root) = cross_entropy(x.as_tensor(), &table, &labels, Some(0.5)).unwrap();
        let gradients = root.backward().unwrap();

        let logits = x.as_tensor().matmul(&w.as_tensor().t().unwrap()).unwrap();
        let likelihoods = log_softmax(&logits, D::Minus1).unwrap();
        let chosen: Vec<f32> = (0..rows * vocabulary)
            .map(|at| if labels[at / vocabulary] == Some((at % vocabulary) as u32) { -1.0 } else { 0.0 })
            .collect();
        let chosen = Tensor::from_vec(chosen, (rows, vocabulary), &Device::Cpu).unwrap();
        let sum = (likelihoods * chosen).unwrap().sum_all().unwrap();
        let theirs = (&sum * 0.5).unwrap().backward().unwrap();
        assert_close(&[loss.sum as f32], &[sum.to_scalar().unwrap()], "the loss");
        assert_close(&flat(gradients.get(&x).unwrap()), &flat(theirs.get(&x).unwrap()), "the gradient of x");
        assert_close(&table.gradient.as_ref().unwrap().values(), &flat(theirs.get(&w).unwrap()), "of the table");

        // Which of several best ones is chosen is nobody's matter, be they equal or a rounding apart.
        let ahead: Vec<f32> = logits
            .to_vec2::<f32>()
            .unwrap()
            .iter()
            .zip(&labels)
            .filter_map(|(row, label)| {
                let own = label.map(|label| label as usize)?;
                let others = row.iter().enumerate().filter(|(at, _)| *at != own).map(|(_, logit)| *logit);
                Some(row[own] - others.fold(f32::NEG_INFINITY, f32::max))
            })
            .collect();
        let surely = ahead.iter().filter(|ahead| **ahead > 1e-6).count();
        let perhaps = ahead.iter().filter(|ahead| **ahead > -1e-6).count();
        prop_assert!((surely..=perhaps).contains(&loss.correct), "{surely} to {perhaps}, not {}", loss.correct);
    }
}

#[test]
fn activations() {
    let x = numbers(5, &[7, 2500]);
    // Away from zero, where candle and torch give ReLU different slopes.
    let x = Var::from_tensor(&x.affine(4.0, 1e-3).unwrap()).unwrap();
    for kind in [Kind::GeluTanh, Kind::GeluErf, Kind::Relu] {
        let theirs = match kind {
            Kind::GeluTanh => x.gelu(),
            Kind::GeluErf => x.gelu_erf(),
            Kind::Relu => x.relu(),
        };
        compare(&x, &x.as_tensor().apply_op1(Activation(kind)).unwrap(), &theirs.unwrap(), &[]);
    }
}

#[test]
fn embeddings_gather_and_scatter() {
    let (tokens, positions) = (numbers(1, &[11, 6]), numbers(2, &[5, 6]));
    let tables = Embedding { tokens: weight(&tokens), positions: weight(&positions) };
    let ids = [3_u32, 10, 3, 0, 3, 3, 7, 1];
    let ours = tables.forward(&ids, 4).unwrap();
    let ids = Tensor::new(&ids, &Device::Cpu).unwrap();
    let places = Tensor::new(&[0_u32, 1, 2, 3, 0, 1, 2, 3], &Device::Cpu).unwrap();
    let theirs = (tokens.index_select(&ids, 0).unwrap() + positions.index_select(&places, 0).unwrap()).unwrap();
    let theirs = theirs.reshape((2, 4, 6)).unwrap();
    assert_close(&flat(&ours), &flat(&theirs), "embeddings");
    let importance = numbers(3, &[2, 4, 6]);
    let loss = |y: &Tensor| (y * importance.as_tensor()).unwrap().sum_all().unwrap().backward().unwrap();
    loss(&ours);
    let theirs = loss(&theirs);
    for (weight, var) in [(&tables.tokens, &tokens), (&tables.positions, &positions)] {
        assert_close(&weight.gradient.as_ref().unwrap().values(), &flat(theirs.get(var).unwrap()), "a table");
    }
    assert!(tables.forward(&[11], 1).is_err() && tables.forward(&[0; 6], 6).is_err());
}

#[test]
fn dropout_drops_its_share_and_repeats_itself() {
    let x = Tensor::ones(100_000, DType::F32, &Device::Cpu).unwrap();
    let dropped = |key: u64| flat(&x.apply_op1(Dropout { probability: 0.1, key }).unwrap());
    let first = dropped(1);
    let zeros = first.iter().filter(|value| **value == 0.0).count();
    assert!((9_500..10_500).contains(&zeros), "{zeros}");
    assert!(first.iter().all(|value| *value == 0.0 || (*value - 1.0 / 0.9).abs() < 1e-6));
    assert_eq!(first, dropped(1));
    assert_ne!(first, dropped(2));

    let x = Var::from_tensor(&x).unwrap();
    let gradient = x.as_tensor().apply_op1(Dropout { probability: 0.1, key: 1 }).unwrap().sum_all().unwrap();
    assert_eq!(flat(gradient.backward().unwrap().get(&x).unwrap()), first);
}
