//! The systemd units as systemd itself reads them: nothing in them is unknown or missing, and they confine daemon and worker. Where
//! there is no `systemd-analyze` these tests are skipped; scripts/try-package.sh boots the daemon's.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What we install.
const UNITS: [&str; 2] = ["maskarad.service", "maskarad-worker.service"];
/// What the units stand on. They are empty here, so that no other unit of this machine is judged.
const FOUNDATION: [&str; 5] =
    ["sysinit.target", "basic.target", "shutdown.target", "network-online.target", "postgresql.service"];
/// What the units start.
const PROGRAMS: [&str; 2] = ["usr/bin/maskarad", "bin/kill"];

fn systemd() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd")
}

/// A unit's file.
fn source(unit: &str) -> PathBuf {
    let folder = systemd();
    [folder.join(unit), folder.join("worker").join(unit)].into_iter().find(|file| file.is_file()).unwrap()
}

/// What `systemd-analyze` says; `None`, with a word about it, where there is none.
fn analyze(arguments: &[&str]) -> Option<(bool, String)> {
    match Command::new("systemd-analyze").args(arguments).output() {
        Ok(Output { status, stdout, stderr }) => {
            let said = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            Some((status.success(), said.concat()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped: systemd-analyze not found");
            None
        }
        Err(error) => panic!("systemd-analyze: {error}"),
    }
}

/// A machine with the package on it, as far as systemd looks at one.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        for name in FOUNDATION {
            let text = if name.ends_with(".service") { "[Service]\nExecStart=/usr/bin/maskarad\n" } else { "[Unit]\n" };
            machine.write(&format!("usr/lib/systemd/system/{name}"), text);
        }
        for program in PROGRAMS {
            machine.write(program, "#!/bin/sh\n");
            fs::set_permissions(machine.0.path().join(program), Permissions::from_mode(0o755)).unwrap();
        }
        for unit in UNITS {
            machine.write(&format!("usr/lib/systemd/system/{unit}"), &fs::read_to_string(source(unit)).unwrap());
        }
        machine
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Adds a drop-in to the unit.
    fn drop_in(&self, name: &str, text: &str) {
        self.write(&format!("etc/systemd/system/maskarad.service.d/{name}"), text);
    }

    /// What systemd finds wrong; it lets much pass with a word. The manual page it would look for on the machine of the test.
    fn verify(&self) -> Option<(bool, String)> {
        let root = format!("--root={}", self.0.path().display());
        analyze(&[&[root.as_str(), "--man=no", "verify"], UNITS.as_slice()].concat())
    }
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let Some(found) = Machine::new().verify() else { return };
    assert_eq!(found, (true, String::new()));
}

#[test]
fn systemd_finds_nothing_wrong_with_the_drop_in_for_postgres() {
    let machine = Machine::new();
    machine.drop_in("postgres.conf", &fs::read_to_string(systemd().join("maskarad.service.d/postgres.conf")).unwrap());
    let Some(found) = machine.verify() else { return };
    assert_eq!(found, (true, String::new()));
}

#[test]
fn what_is_wrong_with_a_unit_would_be_found() {
    for (wrong, told) in [
        ("[Service]\nProtectEverything=yes\n", "ProtectEverything"),
        ("[Service]\nWatchdogSec=often\n", "often"),
        ("[Service]\nExecStartPre=/usr/bin/nobody\n", "/usr/bin/nobody"),
        ("[Unit]\nRequires=nobody.service\n", "nobody.service"),
    ] {
        let machine = Machine::new();
        machine.drop_in("wrong.conf", wrong);
        let Some((_, found)) = machine.verify() else { return };
        assert!(found.contains(told), "{wrong}{found}");
    }
}

#[test]
fn the_units_confine_what_they_start() {
    for name in UNITS {
        let unit = source(name);
        // In tenths: 2.0 of 10.
        let arguments = ["security", "--no-pager", "--offline=true", "--threshold=20", unit.to_str().unwrap()];
        let Some((confined, said)) = analyze(&arguments) else { return };
        assert!(confined && said.contains(&format!("Overall exposure level for {name}")), "{said}");
    }
}

/// The values of a setting of a unit.
fn values(unit: &str, setting: &str) -> Vec<String> {
    let text = fs::read_to_string(source(unit)).unwrap();
    let value =
        |line: &str| line.split_once('=').filter(|(name, _)| *name == setting).map(|(_, value)| value.to_owned());
    text.lines().filter_map(value).collect()
}

#[test]
fn a_worker_gets_none_of_the_daemon_s_secrets_and_the_time_to_finish() {
    let worker = "maskarad-worker.service";
    assert_eq!(values(worker, "LoadCredential"), ["maskarad:/etc/maskarad/worker-credentials"]);
    assert!(values(worker, "StateDirectory").is_empty() && values(worker, "ConfigurationDirectory").is_empty());
    assert_eq!(
        (values(worker, "Type"), values(worker, "Restart")),
        (vec!["notify".to_owned()], vec!["always".to_owned()])
    );
    let seconds: u64 = values(worker, "TimeoutStopSec")[0].parse().unwrap();
    assert!(seconds > maskarad::lifecycle::DRAIN.as_secs() + 10, "{seconds}");
    // What confines the daemon confines the worker.
    let confinement = |unit: &str| {
        let text = fs::read_to_string(source(unit)).unwrap();
        text[text.find("NoNewPrivileges").unwrap()..].to_owned()
    };
    assert_eq!(confinement(worker), confinement("maskarad.service"));
}
