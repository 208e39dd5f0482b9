//! A file of packed weights: a prefix of 64 bytes, a header in JSON, and from the next page on the weights as they lie
//! in memory, to be mapped. Knows no folder.
//!
//! | bytes | the prefix |
//! |---|---|
//! | 8 | `maskarad` |
//! | 4 | the version, the lowest byte first |
//! | 4 | a number in the byte order of the machine |
//! | 8 | bytes of the header, the lowest first |
//! | 32 | BLAKE3 of the header |
//! | 8 | zeros |

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::key::ModelKey;
use crate::packed::{Layout, Packed};
use crate::region::Region;

const MAGIC: &[u8; 8] = b"maskarad";

/// To be raised whenever names, the layout of matrices or the way weights are rounded change.
const VERSION: u32 = 1;

/// The weights are in the byte order of the machine that packed them.
const BYTE_ORDER: u32 = 0x0a0b_0c0d;

const PREFIX: usize = 64;

/// Where weights may begin: a page of any machine that we know.
const PAGE: u64 = 1 << 16;

/// A table of contents longer than this is none of a GPT-2.
const LONGEST_HEADER: u64 = 64 << 20;

/// What the weights are, and what must be true of them.
#[derive(Serialize, Deserialize)]
struct Header {
    key: ModelKey,
    length: usize,
    /// BLAKE3 of the weights.
    checksum: String,
    layout: Layout,
}

/// Writes a whole file.
pub(super) fn write(file: &mut File, key: &ModelKey, packed: &Packed) -> io::Result<()> {
    let weights = packed.region().all();
    let checksum = blake3::hash(weights).to_string();
    let header = Header { key: *key, length: weights.len(), checksum, layout: packed.layout().clone() };
    let header = serde_json::to_vec(&header)?;
    let mut begin = Vec::with_capacity(PAGE as usize);
    begin.extend_from_slice(MAGIC);
    begin.extend_from_slice(&VERSION.to_le_bytes());
    begin.extend_from_slice(&BYTE_ORDER.to_ne_bytes());
    begin.extend_from_slice(&(header.len() as u64).to_le_bytes());
    begin.extend_from_slice(blake3::hash(&header).as_bytes());
    begin.resize(PREFIX, 0);
    begin.extend_from_slice(&header);
    begin.resize(weights_begin(header.len() as u64) as usize, 0);
    file.write_all(&begin)?;
    file.write_all(weights)
}

/// Maps and verifies a file; `None` where there is none. The error says what is wrong.
pub(super) fn read(path: &Path, key: &ModelKey) -> Result<Option<Packed>, String> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let header_length = read_prefix(&mut file)?;
    let mut header = vec![0; header_length.0 as usize];
    file.read_exact(&mut header).map_err(|error| format!("its header can't be read: {error}"))?;
    if blake3::hash(&header).as_bytes() != &header_length.1 {
        return Err("its header is damaged".to_owned());
    }
    let header: Header =
        serde_json::from_slice(&header).map_err(|error| format!("its header makes no sense: {error}"))?;
    if header.key != *key {
        return Err(format!("it holds the model {}", header.key));
    }
    let begin = weights_begin(header_length.0);
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    if begin.checked_add(header.length as u64) != Some(length) {
        return Err(format!("it has {length} bytes, but {begin} and {} of weights are expected", header.length));
    }
    let region = Region::mapped(&file, begin, header.length).map_err(|error| format!("it can't be mapped: {error}"))?;
    if blake3::hash(region.all()).to_string() != header.checksum {
        return Err("its weights are damaged".to_owned());
    }
    Ok(Some(Packed::new(region, header.layout)))
}

/// The length of the header and its checksum.
fn read_prefix(file: &mut File) -> Result<(u64, [u8; 32]), String> {
    let mut prefix = [0; PREFIX];
    file.read_exact(&mut prefix).map_err(|error| format!("its beginning can't be read: {error}"))?;
    let (magic, rest) = prefix.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err("it holds no packed weights".to_owned());
    }
    let number = |at: usize| [rest[at], rest[at + 1], rest[at + 2], rest[at + 3]];
    let version = u32::from_le_bytes(number(0));
    if version != VERSION {
        return Err(format!("it is of version {version}, not {VERSION}"));
    }
    if u32::from_ne_bytes(number(4)) != BYTE_ORDER {
        return Err("it was made on a machine of another byte order".to_owned());
    }
    let length = u64::from(u32::from_le_bytes(number(8))) | u64::from(u32::from_le_bytes(number(12))) << 32;
    if length > LONGEST_HEADER {
        return Err(format!("it claims a header of {length} bytes"));
    }
    let mut checksum = [0; 32];
    checksum.copy_from_slice(&rest[16..48]);
    Ok((length, checksum))
}

fn weights_begin(header: u64) -> u64 {
    (PREFIX as u64 + header).next_multiple_of(PAGE)
}
