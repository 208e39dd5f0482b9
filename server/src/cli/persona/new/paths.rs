//! Paths as a file tells them: relative to its own folder.

use std::path::{Component, Path, PathBuf};

/// The way from a folder to a path; an absolute path, and an address, stay what they are.
///
/// # Errors
/// There is no current folder.
pub(super) fn relative(path: &Path, folder: &Path) -> std::io::Result<PathBuf> {
    if path.is_absolute() || path.to_string_lossy().contains("://") {
        return Ok(path.to_owned());
    }
    let (path, folder) = (plain(path)?, plain(folder)?);
    let common = path.components().zip(folder.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    Ok(up.chain(path.components().skip(common)).collect())
}

/// Absolute, and without `.` and `..`.
fn plain(path: &Path) -> std::io::Result<PathBuf> {
    let mut plain = PathBuf::new();
    for component in std::path::absolute(path)?.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_goes_up_and_down() {
        let way = |path: &str, folder: &str| relative(Path::new(path), Path::new(folder)).unwrap();
        assert_eq!(way("personas/models/m", "personas"), Path::new("models/m"));
        assert_eq!(way("export/result.json", "./personas/workshop"), Path::new("../../export/result.json"));
        assert_eq!(way("a/../b", "a"), Path::new("../b"));
        assert_eq!(way("/abs", "a"), Path::new("/abs"));
        assert_eq!(way("https://example.org/b/", "a"), Path::new("https://example.org/b/"));
    }
}
