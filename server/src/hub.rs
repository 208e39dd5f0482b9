//! Fetches checkpoints from the Hugging Face hub: only the files a GPT-2 needs, resumed after a cut, each checked by its hash,
//! and put in place as a whole or not at all. Knows no model.

mod client;
mod error;
mod hash;
mod selection;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use maskarad_trainer::progress::Progress;

use self::client::{Client, Listed, Part};
pub use self::client::{Endpoint, Repo};
pub use self::error::HubError;
use self::hash::Hash;

/// How often a download that was cut goes on by itself, as long as each attempt brings something.
const ATTEMPTS: u32 = 5;
/// How long to wait before going on.
const REST: Duration = Duration::from_millis(500);

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The commit.
    pub commit: String,
    /// Names and sizes of the files.
    pub files: Vec<(String, u64)>,
}

/// A file on its way.
struct Wanted {
    name: String,
    size: u64,
    hash: Hash,
}

/// Fetches a revision of a repository into a folder that isn't there yet. What was begun stays beside it, in
/// `.NAME.part`, until it is whole, and the next call goes on from there.
///
/// # Errors
/// As [`HubError`] says; the folder isn't there then.
pub async fn pull(endpoint: &Endpoint, repo: &Repo, to: &Path, progress: &dyn Progress) -> Result<Pulled, HubError> {
    if to.exists() {
        return Err(HubError::InTheWay(to.to_owned()));
    }
    let client = Client::new(endpoint)?;
    let Listed { commit, files } = client.list(repo).await?;
    let chosen = selection::choose(&files).map_err(|what| HubError::NoCheckpoint { repo: repo.to_string(), what })?;
    let part = part_folder(to)?;
    fs::create_dir_all(&part).map_err(HubError::file(&part))?;
    let mut wanted = Vec::new();
    for name in chosen {
        let (size, hash) = client.head(repo, &commit, &name).await?;
        wanted.push(Wanted { name, size, hash });
    }
    for file in &wanted {
        fetch(&client, (repo, &commit), file, &part, progress).await?;
    }
    settle(&part, &wanted, to)?;
    Ok(Pulled { commit, files: wanted.into_iter().map(|file| (file.name, file.size)).collect() })
}

/// Where a download lives until it is whole: beside its place, so that it can be moved there at once.
fn part_folder(to: &Path) -> Result<PathBuf, HubError> {
    let name = to.file_name().ok_or_else(|| HubError::NoFolder(to.to_owned()))?;
    Ok(to.with_file_name(format!(".{}.part", name.to_string_lossy())))
}

/// Fetches one file to its end and checks it. Under way it is named by its hash, so that revisions never mix.
async fn fetch(
    client: &Client,
    (repo, commit): (&Repo, &str),
    file: &Wanted,
    part: &Path,
    progress: &dyn Progress,
) -> Result<(), HubError> {
    let path = part.join(file.hash.hex());
    progress.begin(&file.name, Some(file.size));
    let mut fruitless = 0;
    loop {
        let begun = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if begun == file.size && path.exists() {
            break;
        }
        if begun > file.size {
            fs::remove_file(&path).map_err(HubError::file(&path))?;
            continue;
        }
        let outcome = go_on(client, (repo, commit), file, (&path, begun), progress).await;
        let grown = fs::metadata(&path).map_or(0, |metadata| metadata.len()) > begun;
        match outcome {
            Ok(()) if grown || file.size == 0 => fruitless = 0,
            Ok(()) | Err(HubError::Cut { .. }) if fruitless < ATTEMPTS => {
                fruitless = if grown { 0 } else { fruitless + 1 };
                tokio::time::sleep(REST).await;
            }
            Ok(()) => return Err(HubError::Cut { name: file.name.clone(), cause: "nothing more comes".to_owned() }),
            Err(error) => return Err(error),
        }
    }
    progress.end();
    let found = file.hash.of_file(&path).map_err(HubError::file(&path))?;
    if found != file.hash {
        fs::remove_file(&path).map_err(HubError::file(&path))?;
        return Err(HubError::WrongHash { name: file.name.clone(), expected: file.hash.hex(), found: found.hex() });
    }
    Ok(())
}

/// Fetches what is still missing, as far as the connection lasts.
async fn go_on(
    client: &Client,
    (repo, commit): (&Repo, &str),
    file: &Wanted,
    (path, begun): (&Path, u64),
    progress: &dyn Progress,
) -> Result<(), HubError> {
    let mut part: Part = client.get(repo, commit, &file.name, begun).await?;
    let mut output = open(path, part.begins_at > 0).map_err(HubError::file(path))?;
    let mut position = part.begins_at;
    while let Some(bytes) = part.next(&file.name).await? {
        output.write_all(&bytes).map_err(HubError::file(path))?;
        position += bytes.len() as u64;
        if position > file.size {
            fs::remove_file(path).map_err(HubError::file(path))?;
            let cause = format!("more comes than the {} bytes that were announced", file.size);
            return Err(HubError::Strange { what: file.name.clone(), cause });
        }
        progress.at(position);
    }
    output.sync_all().map_err(HubError::file(path))
}

fn open(path: &Path, append: bool) -> std::io::Result<File> {
    OpenOptions::new().create(true).write(true).append(append).truncate(!append).open(path)
}

/// Gives all files their names and moves the folder to its place.
fn settle(part: &Path, wanted: &[Wanted], to: &Path) -> Result<(), HubError> {
    let whole = part.join("whole");
    if whole.exists() {
        fs::remove_dir_all(&whole).map_err(HubError::file(&whole))?;
    }
    fs::create_dir(&whole).map_err(HubError::file(&whole))?;
    for file in wanted {
        let from = part.join(file.hash.hex());
        // Two files may have the same content.
        fs::hard_link(&from, whole.join(&file.name))
            .or_else(|_| fs::copy(&from, whole.join(&file.name)).map(drop))
            .map_err(HubError::file(&from))?;
    }
    fs::rename(&whole, to).map_err(HubError::file(to))?;
    // What is left are second names of the same files, and strays of other revisions.
    fs::remove_dir_all(part).map_err(HubError::file(part))
}
