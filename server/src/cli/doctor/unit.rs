//! Whether systemd looks after the daemon, or a worker: a unit's file, and the link that enables it. Asks no systemd.

use std::path::{Path, PathBuf};

use super::finding::Findings;

/// The daemon's unit.
pub(super) const DAEMON: &str = "maskarad";
/// A worker's.
pub(super) const WORKER: &str = "maskarad-worker";
/// Where unit files lie, the administrator's first.
const FOLDERS: [&str; 3] = ["etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"];
/// What a running systemd leaves.
const RUNNING: &str = "run/systemd/system";

/// Looks for a unit under a root folder.
pub(super) fn look(root: &Path, name: &str, findings: &mut Findings) {
    let unit = format!("{name}.service");
    if !root.join(RUNNING).is_dir() {
        return findings.note(
            "unit",
            "systemd doesn't run here, so nothing starts maskarad again after a crash or a reboot",
            "let whatever runs services here (a container's restart policy, runit, …) look after it",
        );
    }
    let Some(file) = FOLDERS.iter().map(|folder| root.join(folder).join(&unit)).find(|file| file.is_file()) else {
        return findings.note(
            "unit",
            format!("there is no {unit}, so nothing starts with the machine"),
            format!("install the Debian package, or copy {unit} from the folder systemd to /etc/systemd/system and `systemctl daemon-reload`"),
        );
    };
    if enabled(root, &unit).is_some() {
        return findings.ok("unit", format!("{} is installed and enabled", file.display()));
    }
    findings.warning(
        "unit",
        format!("{} is installed, but not enabled: it won't start with the machine", file.display()),
        format!("systemctl enable --now {name}"),
    );
}

/// The link that some target wants it by. It may dangle under another root.
fn enabled(root: &Path, unit: &str) -> Option<PathBuf> {
    let targets = std::fs::read_dir(root.join(FOLDERS[0])).ok()?;
    let wants = targets
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wants" || extension == "requires"));
    wants.map(|folder| folder.join(unit)).find(|link| link.symlink_metadata().is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    const UNIT: &str = "maskarad.service";

    fn told(root: &Path) -> Level {
        let mut findings = Findings::default();
        look(root, DAEMON, &mut findings);
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
        let mut findings = Findings::default();
        look(root.path(), WORKER, &mut findings);
        assert!(findings.told()[0].2.starts_with("there is no maskarad-worker.service"), "{findings:?}");
    }
}
