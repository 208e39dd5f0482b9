//! Where the files of an export lie, and in which order they are read.

use std::path::{Path, PathBuf};

use crate::corpus::import::{ImportError, Place};
use crate::files::FileError;

/// The file of an export as JSON.
const JSON: &str = "result.json";

/// The folder of an account's chats, if it was exported as HTML.
const CHATS: &str = "chats";

/// The files of a chat, or the file of an account.
#[derive(Debug, PartialEq)]
pub(super) enum Export {
    /// One file with everything.
    Json(PathBuf),
    /// The pages of one chat, in their order.
    Pages(Vec<PathBuf>),
}

/// What there is to read at a path.
///
/// # Errors
/// It can't be read, or a folder holds no export.
pub(super) fn exports(path: &Path) -> Result<Vec<Export>, ImportError> {
    if !path.is_dir() {
        let is_page = path.extension().is_some_and(|ending| ending == "html" || ending == "htm");
        let file = path.to_owned();
        return Ok(vec![if is_page { Export::Pages(vec![file]) } else { Export::Json(file) }]);
    }
    let found = within(path)?;
    if found.is_empty() {
        let problem = format!("holds neither {JSON} nor messages.html");
        let mend = "name the folder that Telegram Desktop made, or the file";
        return Err(ImportError::malformed(path, Place::Whole, problem, mend));
    }
    Ok(found)
}

fn within(folder: &Path) -> Result<Vec<Export>, ImportError> {
    let json = folder.join(JSON);
    if json.is_file() {
        return Ok(vec![Export::Json(json)]);
    }
    let mut chats = vec![folder.to_owned()];
    if folder.join(CHATS).is_dir() {
        let mut more = names(&folder.join(CHATS))?;
        more.sort();
        chats.extend(more.iter().map(|name| folder.join(CHATS).join(name)).filter(|path| path.is_dir()));
    }
    let pages = chats.iter().map(|chat| pages(chat)).collect::<Result<Vec<_>, _>>()?;
    Ok(pages.into_iter().filter(|pages| !pages.is_empty()).map(Export::Pages).collect())
}

/// `messages.html`, `messages2.html`, `messages10.html`.
fn pages(folder: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let mut numbered: Vec<(u32, String)> =
        names(folder)?.into_iter().filter_map(|name| Some((number(&name)?, name))).collect();
    numbered.sort();
    Ok(numbered.into_iter().map(|(_, name)| folder.join(name)).collect())
}

/// Which page a file is.
fn number(name: &str) -> Option<u32> {
    match name.strip_prefix("messages")?.strip_suffix(".html")? {
        "" => Some(1),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    }
}

/// The names in a folder; other than in UTF-8 Telegram Desktop writes none.
fn names(folder: &Path) -> Result<Vec<String>, ImportError> {
    let entries = std::fs::read_dir(folder).map_err(FileError::at(folder))?;
    let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok())).collect::<std::io::Result<Vec<_>>>();
    Ok(names.map_err(FileError::at(folder))?.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn pages_stand_in_the_order_of_their_numbers() {
        let folder =
            folder(&["messages10.html", "messages2.html", "messages.html", "messages_old.html", "css/style.css"]);
        let pages = ["messages.html", "messages2.html", "messages10.html"].map(|name| folder.path().join(name));
        assert_eq!(exports(folder.path()).unwrap(), [Export::Pages(pages.to_vec())]);
    }

    #[test]
    fn json_goes_first_and_accounts_have_many_chats() {
        let both = folder(&["result.json", "messages.html"]);
        assert_eq!(exports(both.path()).unwrap(), [Export::Json(both.path().join("result.json"))]);
        let account = folder(&["chats/chat_002/messages.html", "chats/chat_001/messages.html", "lists/chats.html"]);
        let page = |chat: &str| Export::Pages(vec![account.path().join("chats").join(chat).join("messages.html")]);
        assert_eq!(exports(account.path()).unwrap(), [page("chat_001"), page("chat_002")]);
    }

    #[test]
    fn an_empty_folder_is_told() {
        let empty = folder(&["readme.txt"]);
        let error = exports(empty.path()).unwrap_err().to_string();
        assert!(error.contains(": holds neither result.json nor messages.html; name the folder"), "{error}");
    }
}
