//! Whatever is packed, unpacked again, is what the files say.

use std::path::{Path, PathBuf};

use super::*;
use crate::checkpoint::files::Folder;
use crate::packed::Weights;
use crate::synthetic::{Shape, write_checkpoint};

fn opened(folder: &Path) -> (ModelConfig, Tensors) {
    let folder = Folder::open(folder).unwrap();
    let config = ModelConfig::parse(&folder.config, &std::fs::read(&folder.config).unwrap()).unwrap();
    (config, Tensors::open(&folder.weights).unwrap())
}

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// One output's weights.
fn unpacked(weights: &Weights, inputs: usize, output: usize) -> Vec<f32> {
    let (tile, lane) = (output / TILE, output % TILE);
    match weights {
        Weights::F32(values) => {
            values[tile * TILE * inputs..][..TILE * inputs].chunks(TILE).map(|row| row[lane]).collect()
        }
        Weights::Int8(bytes) => {
            let size = tiles::int8_tile_bytes(inputs);
            let mut weights = vec![f32::NAN; inputs];
            tiles::unpack_int8(&bytes[tile * size..][..size], lane, &mut weights);
            weights
        }
    }
}

/// Whether `packed` are `weights`, as far as the precision goes.
fn assert_near(packed: &[f32], weights: &[f32], precision: Precision) {
    assert_eq!(packed.len(), weights.len());
    for (packed, weights) in packed.chunks(tiles::GROUP).zip(weights.chunks(tiles::GROUP)) {
        let greatest = weights.iter().fold(0.0f32, |greatest, weight| greatest.max(weight.abs()));
        let tolerance = if precision == Precision::F32 { 0.0 } else { greatest / 127.0 * 0.56 };
        assert!(packed.iter().zip(weights).all(|(packed, weight)| (packed - weight).abs() <= tolerance));
    }
}

/// Packs a folder and compares each part with its tensor.
fn check(folder: &Path, precision: Precision) {
    let (config, tensors) = opened(folder);
    let packed = pack(&config, tensors, precision).unwrap();
    let (_, mut tensors) = opened(folder);
    for part in parts(&config) {
        let values = tensors.claim(&part.name, &part.shape).unwrap().all().unwrap();
        match part.kind(precision) {
            Kind::Matrix { outputs, inputs, .. } => {
                let matrix = packed.matrix(&part.name, outputs, inputs).unwrap();
                assert_eq!(matches!(matrix.weights, Weights::F32(_)), precision == Precision::F32);
                for output in 0..outputs {
                    let weights: Vec<f32> = match part.role {
                        Role::Table => values[output * inputs..][..inputs].to_vec(),
                        _ => values.iter().skip(output).step_by(outputs).copied().collect(),
                    };
                    assert_near(&unpacked(&matrix.weights, inputs, output), &weights, precision);
                }
            }
            Kind::Vectors { rows, width } => {
                let vectors = packed.vectors(&part.name, rows, width).unwrap();
                for (vector, values) in vectors.chunks(padded(width)).zip(values.chunks(width)) {
                    assert_eq!(&vector[..width], values);
                    assert!(vector[width..].iter().all(|value| *value == 0.0));
                }
            }
        }
    }
}

#[test]
fn every_tensor_is_packed_where_its_name_says() {
    for name in ["tied_odd_width", "untied_f16_gelu", "pickle_relu"] {
        for precision in [Precision::F32, Precision::Int8] {
            check(&own(name), precision);
        }
    }
}

#[test]
fn a_table_of_several_slices_is_packed_whole() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { vocab_size: 5003, n_embd: 768, n_layer: 1, n_head: 12, n_positions: 3 };
    write_checkpoint(folder.path(), shape, 3).unwrap();
    check(folder.path(), Precision::Int8);
}

#[test]
fn other_shapes_are_not_found() {
    let (config, tensors) = opened(&own("tied_odd_width"));
    let packed = pack(&config, tensors, Precision::Int8).unwrap();
    assert!(packed.matrix("wte.weight", 61, 36).is_ok());
    assert!(packed.matrix("wte.weight", 61, 32).is_err());
    assert!(packed.vector("wte.weight", 36).is_err());
    let error = packed.vector("ln_g.weight", 36).err().unwrap();
    assert_eq!(error.to_string(), "the packed weights have no 1 vectors of 36 values `ln_g.weight`");
}

#[test]
fn the_first_of_several_failures_is_told() {
    let failure = |job: &Job<'_>| LoadError::Memory(std::io::Error::other(job.outputs.start.to_string()));
    let (config, mut tensors) = opened(&own("pickle_relu"));
    let source = tensors.claim("wpe.weight", &[config.n_positions, config.n_embd]).unwrap();
    let kind = Kind::Vectors { rows: 1, width: 1 };
    let section = Section { source, twin: None, role: Role::Vectors, kind, range: 0..0 };
    let jobs = (0..200).map(|first| Job { section: &section, outputs: first..first, memory: &mut [] }).collect();
    let error = run(jobs, |job| if job.outputs.start < 7 { Ok(()) } else { Err(failure(&job)) }).unwrap_err();
    assert!(error.to_string().ends_with(": 7"), "{error}");
}
