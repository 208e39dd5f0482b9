//! By what the hub names a file's content: SHA-256 where it lies in LFS, git's blob SHA-1 where it lies in the repository.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The hash of a file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256([u8; 32]),
    /// Of `blob SIZE\0` and the content.
    GitBlob([u8; 20]),
}

impl Hash {
    /// Reads an `ETag`; `None` where it is neither kind, and so nothing that could be checked.
    pub(super) fn of_etag(etag: &str) -> Option<Self> {
        let hex = etag.trim().trim_start_matches("W/").trim_matches('"');
        match hex.len() {
            64 => bytes(hex).map(Self::Sha256),
            40 => bytes(hex).map(Self::GitBlob),
            _ => None,
        }
    }

    pub(super) fn hex(&self) -> String {
        let bytes: &[u8] = match self {
            Self::Sha256(bytes) => bytes,
            Self::GitBlob(bytes) => bytes,
        };
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The same kind of hash of a file.
    pub(super) fn of_file(&self, path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        Ok(match self {
            Self::Sha256(_) => Self::Sha256(digest(Sha256::new(), file)?.finalize().into()),
            Self::GitBlob(_) => {
                let head = format!("blob {}\0", file.metadata()?.len());
                Self::GitBlob(digest(Sha1::new_with_prefix(head), file)?.finalize().into())
            }
        })
    }
}

fn digest<D: Digest>(mut digest: D, mut file: File) -> std::io::Result<D> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digest),
            read => digest.update(&buffer[..read]),
        }
    }
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_git_and_sha256sums_own() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hello\n").unwrap();
        // `git hash-object` and `sha256sum` of the same file.
        for etag in [
            "\"ce013625030ba8dba906f756967f9e9ca394464a\"",
            "W/\"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\"",
        ] {
            let hash = Hash::of_etag(etag).unwrap();
            assert_eq!(hash.of_file(file.path()).unwrap(), hash);
        }
    }

    #[test]
    fn what_is_no_hash_is_none() {
        for etag in [
            "",
            "\"abc\"",
            "\"zz013625030ba8dba906f756967f9e9ca394464a\"",
            "\"é013625030ba8dba906f756967f9e9ca394464a\"",
        ] {
            assert_eq!(Hash::of_etag(etag), None, "{etag}");
        }
    }
}
