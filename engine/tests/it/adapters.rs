//! Adapters on a shared base: PEFT's numbers, those of merged weights, and nothing of one persona in another's reply.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use maskarad_engine::synthetic::{Shape, write_adapter, write_checkpoint};
use maskarad_engine::{Engine, EngineConfig, EngineError, LoadedModel, ModelKey, Precision, Request};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use crate::batching::{assert_same, request};
use crate::support::{self, max_difference, shared};

/// No multiple of a tile, of a group or of eight wherever that can be.
const ODD: Shape = Shape { n_positions: 128, vocab_size: 307, n_embd: 84, n_layer: 2, n_head: 6 };

/// A base and two adapters for it, of different ranks.
struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new(shape: Shape) -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        write_checkpoint(&fixture.base(), shape, 5).unwrap();
        write_adapter(&fixture.adapter("a"), shape, 4, 6).unwrap();
        write_adapter(&fixture.adapter("b"), shape, 19, 7).unwrap();
        fixture
    }

    fn base(&self) -> PathBuf {
        self.folder.path().join("base")
    }

    fn adapter(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn load(&self, engine: &Engine, name: &str, precision: Precision) -> LoadedModel {
        load_adapter(engine, &self.base(), &self.adapter(name), precision)
    }
}

fn load_adapter(engine: &Engine, base: &Path, adapter: &Path, precision: Precision) -> LoadedModel {
    engine.load_adapter(base, adapter, precision).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn peft_s_adapter_gives_peft_s_logits() {
    serves_as_peft_does(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../trainer/tests/data/training"));
    if let Some(folder) = shared("models/training") {
        serves_as_peft_does(&folder);
    }
}

/// A folder as `../shared/models/training`: PEFT's trained adapter gives PEFT's logits, the untrained one gives others.
fn serves_as_peft_does(folder: &Path) {
    let batches = support::json(&folder.join("full/golden.json"))["batches"].clone();
    let ids: Vec<u32> = serde_json::from_value(batches[0][0].clone()).unwrap();
    let golden = support::json(&folder.join("lora/golden.json"));
    let golden: Vec<f32> = serde_json::from_value(golden["logits_after"].clone()).unwrap();
    for (set, engine) in support::engines() {
        let base = folder.join("lora/base");
        let model = load_adapter(&engine, &base, &folder.join("lora/adapter_trained"), Precision::F32);
        let error = max_difference(model.logits(&ids).unwrap().last().unwrap(), &golden);
        println!("{set}: greatest logit error {error:e}");
        assert!(error < 5e-3);
        let start = load_adapter(&engine, &base, &folder.join("lora/adapter_start"), Precision::F32);
        assert!(max_difference(start.logits(&ids).unwrap().last().unwrap(), &golden) > 0.1);
    }
}

#[test]
fn an_adapter_equals_its_weights_merged_into_the_base() {
    let ids: Vec<u32> = (0..50).map(|place| place * 29 % 307).collect();
    for shape in [Shape::TINY, ODD] {
        let fixture = Fixture::new(shape);
        for (name, rank) in [("a", 4), ("b", 19)] {
            let merged = merge(&fixture.base(), &fixture.adapter(name), rank);
            for (set, engine) in support::engines() {
                for (precision, tolerance) in [(Precision::F32, 1e-4), (Precision::Int8, 0.15)] {
                    let whole = support::load(&engine, merged.path(), precision).logits(&ids).unwrap();
                    let worn = fixture.load(&engine, name, precision).logits(&ids).unwrap();
                    let bare = support::load(&engine, &fixture.base(), precision).logits(&ids).unwrap();
                    let error = furthest(&whole, &worn);
                    println!("{set} {precision} {name}: {error:e}, without it {:e}", furthest(&whole, &bare));
                    assert!(error < tolerance);
                    assert!(furthest(&whole, &bare) > 4.0 * tolerance);
                }
            }
        }
    }
}

/// Requests of two adapters and of the bare base, in one batch, in parts, and token by token.
#[test]
fn a_row_s_numbers_do_not_depend_on_what_others_wear() {
    let fixture = Fixture::new(ODD);
    for (set, engine) in support::engines() {
        for precision in [Precision::F32, Precision::Int8] {
            println!("{set} {precision}");
            let mut models = vec![support::load(&engine, &fixture.base(), precision)];
            models.extend(["a", "b"].map(|name| fixture.load(&engine, name, precision)));
            assert!(models.iter().all(|model| model.shares_base(&models[0])));
            let requests: Vec<Request> = (0..18).map(|index| request(&models[index as usize % 3], index)).collect();
            let alone: Vec<_> =
                requests.iter().map(|request| support::finish(engine.generate(request.clone()).unwrap())).collect();
            let together: Vec<_> = requests.iter().map(|request| engine.generate(request.clone()).unwrap()).collect();
            for (alone, together) in alone.iter().zip(together) {
                assert_same(alone, &support::finish(together));
            }
            for model in &models {
                decode_equals_prefill(&engine, model);
            }
        }
    }
}

fn decode_equals_prefill(engine: &Engine, model: &LoadedModel) {
    let mut request = request(model, 3);
    request.generation.max_new_tokens = 30;
    let prompt = request.prompt.clone();
    let written = support::finish(engine.generate(request.clone()).unwrap());
    let whole = model.logits(&[prompt.clone(), written.ids.clone()].concat()).unwrap();
    for at in [1, 7, 20] {
        request.prompt = [&prompt[..], &written.ids[..at]].concat();
        let read = support::finish(engine.generate(request.clone()).unwrap());
        assert_eq!(read.prompt_logits.as_ref(), whole.get(prompt.len() + at - 1));
    }
}

#[test]
fn personas_share_one_base_in_memory_and_on_disk() {
    let fixture = Fixture::new(Shape::TINY);
    let cache = fixture.folder.path().join("cache");
    let engine = Engine::start(EngineConfig { cache: Some(cache.clone()), ..support::config() }).unwrap();
    let [a, b] = ["a", "b"].map(|name| fixture.load(&engine, name, Precision::Int8));
    assert!(a.shares_base(&b) && !a.is_same(&b) && a.key().base() == b.key().base());
    assert_eq!((engine.loaded_models().len(), engine.loaded_bases()), (2, 1));
    assert_eq!(engine.weights_memory(), a.memory() + a.adapter_memory() + b.adapter_memory());
    assert!(a.adapter_memory() < b.adapter_memory());
    assert!(fixture.load(&engine, "a", Precision::Int8).is_same(&a));
    let copy = support::copy(&fixture.adapter("a"));
    assert!(load_adapter(&engine, &fixture.base(), copy.path(), Precision::Int8).is_same(&a));
    let kept = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let packed: Vec<_> = kept.filter(|name| name.contains("-int8")).collect();
    assert!(packed.len() == 1 && packed[0].starts_with(&a.key().base().to_string()), "{packed:?}");

    assert_eq!(engine.generate(request(&a, 1)).map(drop), Ok(()));
    assert!(engine.unload(&a.key()).is_some());
    assert_eq!(engine.generate(request(&a, 1)).map(drop), Err(EngineError::UnknownModel(a.key())));
    // The base alone was never asked for by name.
    assert_eq!(engine.model(&a.key().base()).map(|model| model.key()), None);
    let bare = support::load(&engine, &fixture.base(), Precision::Int8);
    assert!(bare.shares_base(&b) && bare.adapter_memory() == 0);
    for key in [b.key(), bare.key()] {
        engine.unload(&key);
    }
    assert_eq!((engine.loaded_bases(), engine.weights_memory()), (0, 0));
}

#[test]
fn a_request_names_base_and_adapter() {
    let fixture = Fixture::new(Shape::TINY);
    let engine = support::engine();
    let model = fixture.load(&engine, "a", Precision::F32);
    let request = request(&model, 2);
    let text = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), request);
    assert!(text.contains(&format!("{}+", model.key().base())));
    let other = Request { model: request.model.with_adapter([1; 32]), ..request };
    let key: ModelKey = other.model;
    assert_eq!(engine.generate(other).map(drop), Err(EngineError::UnknownModel(key)));
}

fn furthest(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    a.iter().zip(b).map(|(a, b)| max_difference(a, b)).fold(0.0, f32::max)
}

/// The base with `scale · (B · A)ᵀ` added to each of its linear layers, as a folder of its own.
fn merge(base: &Path, adapter: &Path, rank: usize) -> tempfile::TempDir {
    let scale = 2.0; // lora_alpha is twice the rank
    let file = std::fs::read(base.join("model.safetensors")).unwrap();
    let adapter = std::fs::read(adapter.join("adapter_model.safetensors")).unwrap();
    let (file, adapter) = (SafeTensors::deserialize(&file).unwrap(), SafeTensors::deserialize(&adapter).unwrap());
    let floats = |view: TensorView<'_>| -> Vec<f32> {
        view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    };
    let mut tensors = BTreeMap::new();
    for (name, view) in file.tensors() {
        let (shape, mut weights) = (view.shape().to_vec(), floats(view));
        let layer = format!("base_model.model.{}", name.trim_end_matches(".weight"));
        if let Ok(a) = adapter.tensor(&format!("{layer}.lora_A.weight")) {
            let (a, b) = (floats(a), floats(adapter.tensor(&format!("{layer}.lora_B.weight")).unwrap()));
            let (inputs, outputs) = (shape[0], shape[1]);
            for (at, weight) in weights.iter_mut().enumerate() {
                let (input, output) = (at / outputs, at % outputs);
                let sum: f32 = (0..rank).map(|r| a[r * inputs + input] * b[output * rank + r]).sum();
                *weight += scale * sum;
            }
        }
        tensors.insert(name, (shape, weights.into_iter().flat_map(f32::to_le_bytes).collect::<Vec<u8>>()));
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(base.join("config.json"), folder.path().join("config.json")).unwrap();
    let views = tensors
        .iter()
        .map(|(name, (shape, bytes))| (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    safetensors::serialize_to_file(views, None, &folder.path().join("model.safetensors")).unwrap();
    folder
}
