//! Whether systemd looks after the daemon: a unit's file, and the link that enables it. Asks no systemd.

use std::path::{Path, PathBuf};

use super::finding::Findings;

const UNIT: &str = "maskarad.service";
/// Where unit files lie, the administrator's first.
const FOLDERS: [&str; 3] = ["etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"];
/// What a running systemd leaves.
const RUNNING: &str = "run/systemd/system";

/// Looks for the unit under a root folder.
pub(super) fn look(root: &Path, findings: &mut Findings) {
    if !root.join(RUNNING).is_dir() {
        return findings.note(
            "unit",
            "systemd doesn't run here, so nothing starts the daemon again after a crash or a reboot",
            "let whatever runs services here (a container's restart policy, runit, …) look after `maskarad serve`",
        );
    }
    let Some(file) = FOLDERS.iter().map(|folder| root.join(folder).join(UNIT)).find(|file| file.is_file()) else {
        return findings.note(
            "unit",
            format!("there is no {UNIT}, so the daemon doesn't start with the machine"),
            "install the Debian package, or copy systemd/maskarad.service to /etc/systemd/system and `systemctl daemon-reload`",
        );
    };
    if enabled(root).is_some() {
        return findings.ok("unit", format!("{} is installed and enabled", file.display()));
    }
    findings.warning(
        "unit",
        format!("{} is installed, but not enabled: it won't start with the machine", file.display()),
        "systemctl enable --now maskarad",
    );
}

/// The link that some target wants it by. It may dangle under another root.
fn enabled(root: &Path) -> Option<PathBuf> {
    let targets = std::fs::read_dir(root.join(FOLDERS[0])).ok()?;
    let wants = targets
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wants" || extension == "requires"));
    wants.map(|folder| folder.join(UNIT)).find(|link| link.symlink_metadata().is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn told(root: &Path) -> Level {
        let mut findings = Findings::default();
        look(root, &mut findings);
        findings.told()[0].0
    }

    #[test]
    fn a_unit_is_found_and_enabled() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(told(root.path()), Level::Note);
        std::fs::create_dir_all(root.path().join(RUNNING)).unwrap();
        assert_eq!(told(root.path()), Level::Note);
        let units = root.path().join("usr/lib/systemd/system");
        std::fs::create_dir_all(&units).unwrap();
        std::fs::write(units.join(UNIT), "[Unit]").unwrap();
        assert_eq!(told(root.path()), Level::Warning);
        let wants = root.path().join("etc/systemd/system/multi-user.target.wants");
        std::fs::create_dir_all(&wants).unwrap();
        std::os::unix::fs::symlink("/usr/lib/systemd/system/maskarad.service", wants.join(UNIT)).unwrap();
        assert_eq!(told(root.path()), Level::Ok);
    }
}
