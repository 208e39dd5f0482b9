//! Writes `pytorch_model.bin` as PyTorch does: a zip of a pickle and of the tensors' values.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use maskarad_engine::synthetic::{Shape, write_checkpoint};
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A tensor: its name, its shape, and where its values are in the file they come from.
struct Tensor {
    name: String,
    shape: Vec<i32>,
    begin: u64,
    end: u64,
}

/// Writes a checkpoint with random weights. Its output layer is there twice, as a copy of the token table.
pub(crate) fn write_torch_checkpoint(folder: &Path, shape: Shape, seed: u64) {
    write_checkpoint(folder, shape, seed).unwrap();
    let source = folder.join("model.safetensors");
    let mut file = File::open(&source).unwrap();
    let mut tensors = listed(&mut file);
    let table = tensors.iter().find(|tensor| tensor.name == "transformer.wte.weight").unwrap();
    let head = Tensor { name: "lm_head.weight".to_owned(), shape: table.shape.clone(), ..*table };
    tensors.push(head);
    let mut archive = ZipWriter::new(File::create(folder.join("pytorch_model.bin")).unwrap());
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    archive.start_file("archive/data.pkl", stored).unwrap();
    archive.write_all(&pickle(&tensors)).unwrap();
    for (index, tensor) in tensors.iter().enumerate() {
        archive.start_file(format!("archive/data/{index}"), stored).unwrap();
        file.seek(SeekFrom::Start(tensor.begin)).unwrap();
        std::io::copy(&mut Read::by_ref(&mut file).take(tensor.end - tensor.begin), &mut archive).unwrap();
    }
    archive.finish().unwrap();
    std::fs::remove_file(source).unwrap();
}

/// The tensors of a safetensors file.
fn listed(file: &mut File) -> Vec<Tensor> {
    let mut length = [0; 8];
    file.read_exact(&mut length).unwrap();
    let mut header = vec![0; u64::from_le_bytes(length) as usize];
    file.read_exact(&mut header).unwrap();
    let begin = file.stream_position().unwrap();
    let header: serde_json::Map<String, Value> = serde_json::from_slice(&header).unwrap();
    let tensor = |(name, entry): (String, Value)| {
        let shape = entry["shape"].as_array().unwrap().iter().map(|size| size.as_u64().unwrap() as i32).collect();
        let offset = |at: usize| begin + entry["data_offsets"][at].as_u64().unwrap();
        Tensor { name, shape, begin: offset(0), end: offset(1) }
    };
    header.into_iter().filter(|(name, _)| name != "__metadata__").map(tensor).collect()
}

/// `{name: torch._utils._rebuild_tensor_v2(storage, 0, size, stride, False, OrderedDict()), …}`
fn pickle(tensors: &[Tensor]) -> Vec<u8> {
    let mut code = b"\x80\x02}(".to_vec();
    for (index, tensor) in tensors.iter().enumerate() {
        text(&mut code, &tensor.name);
        code.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut code, "storage");
        code.extend(b"ctorch\nFloatStorage\n");
        text(&mut code, &index.to_string());
        text(&mut code, "cpu");
        number(&mut code, tensor.shape.iter().product());
        code.extend(b"tQK\x00(");
        tensor.shape.iter().for_each(|size| number(&mut code, *size));
        code.extend(b"t(");
        for at in 1..=tensor.shape.len() {
            number(&mut code, tensor.shape[at..].iter().product());
        }
        code.extend(b"t\x89ccollections\nOrderedDict\n)RtR");
    }
    code.extend(b"u.");
    code
}

fn text(code: &mut Vec<u8>, text: &str) {
    code.push(b'X');
    code.extend((text.len() as u32).to_le_bytes());
    code.extend(text.as_bytes());
}

fn number(code: &mut Vec<u8>, number: i32) {
    code.push(b'J');
    code.extend(number.to_le_bytes());
}
