use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::{Reason, Road, RoadError, Stage, Step, Verdict, content_hash};

/// A step that begins, why, and whether it goes on with what was interrupted.
type Begun = (Step, Reason, bool);

/// A road of two steps: import copies `source.txt` in upper case, clean removes its spaces.
struct Scene {
    folder: tempfile::TempDir,
    options: String,
    /// Clean fails after it has left a mark in its own folder.
    breaks: bool,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap(), options: "o".to_owned(), breaks: false };
        scene.write("source.txt", "a b");
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn stages(&self) -> Vec<Stage<'_>> {
        let alter = |from: PathBuf, to: PathBuf, change: fn(&str) -> String| {
            std::fs::write(to, change(&std::fs::read_to_string(from)?))?;
            Ok("altered".to_owned())
        };
        let (source, upper, plain) = (self.path("source.txt"), self.path("upper.txt"), self.path("plain.txt"));
        let stage = |step, from: &Path, to: &Path, work| Stage {
            step,
            options: self.options.clone(),
            inputs: vec![from.to_owned()],
            outputs: vec![to.to_owned()],
            work,
        };
        let (from, to) = (source.clone(), upper.clone());
        let import = move |_: &Path| alter(from.clone(), to.clone(), str::to_uppercase);
        let (from, to) = (upper.clone(), plain.clone());
        let clean = move |own: &Path| {
            if self.breaks {
                std::fs::write(own.join("mark"), "")?;
                return Err("broke".into());
            }
            alter(from.clone(), to.clone(), |text| text.replace(' ', ""))
        };
        vec![
            stage(Step::Import, &source, &upper, Box::new(import)),
            stage(Step::Clean, &upper, &plain, Box::new(clean)),
        ]
    }

    /// What begins, and why.
    fn go_from(&self, from: Option<Step>) -> (Vec<Begun>, Result<(), RoadError>) {
        let begun = RefCell::new(Vec::new());
        let road = Road { folder: self.path("work"), from };
        let result = road.go(&self.stages(), &mut |step, verdict| {
            if let Verdict::Begins { reason, resumes } = verdict {
                begun.borrow_mut().push((step, reason.clone(), *resumes));
            }
        });
        (begun.into_inner(), result)
    }

    fn go(&self) -> Vec<(Step, Reason, bool)> {
        let (begun, result) = self.go_from(None);
        result.unwrap();
        begun
    }
}

#[test]
fn only_what_changed_is_done_again() {
    let mut scene = Scene::new();
    assert_eq!(scene.go(), [(Step::Import, Reason::New, false), (Step::Clean, Reason::New, false)]);
    assert_eq!(std::fs::read_to_string(scene.path("plain.txt")).unwrap(), "AB");
    assert_eq!(scene.go(), []);
    // Import is done, and makes the same as before: nothing is left for clean to do.
    scene.write("source.txt", "A b");
    assert_eq!(scene.go(), [(Step::Import, Reason::Input(scene.path("source.txt")), false)]);
    scene.write("source.txt", "a c");
    let upper = Reason::Input(scene.path("upper.txt"));
    let source = Reason::Input(scene.path("source.txt"));
    assert_eq!(scene.go(), [(Step::Import, source, false), (Step::Clean, upper, false)]);
    scene.write("plain.txt", "spoilt");
    assert_eq!(scene.go(), [(Step::Clean, Reason::Output(scene.path("plain.txt")), false)]);
    std::fs::remove_file(scene.path("plain.txt")).unwrap();
    assert_eq!(scene.go(), [(Step::Clean, Reason::Output(scene.path("plain.txt")), false)]);
    scene.options = "others".to_owned();
    assert_eq!(scene.go(), [(Step::Import, Reason::Options, false), (Step::Clean, Reason::Options, false)]);
    assert_eq!(scene.go(), []);
}

#[test]
fn what_is_asked_for_is_done() {
    let scene = Scene::new();
    scene.go();
    let (begun, _) = scene.go_from(Some(Step::Clean));
    assert_eq!(begun, [(Step::Clean, Reason::Asked, false)]);
    let (begun, _) = scene.go_from(Some(Step::Import));
    assert_eq!(begun.len(), 2);
}

#[test]
fn broken_work_is_taken_up_only_with_the_same_things() {
    let mut scene = Scene::new();
    scene.breaks = true;
    let (_, result) = scene.go_from(None);
    assert_eq!(result.unwrap_err().to_string(), "clean: broke");
    assert!(scene.path("work/clean.part/mark").exists());
    let (begun, _) = scene.go_from(None);
    assert_eq!(begun, [(Step::Clean, Reason::New, true)]);
    scene.write("source.txt", "other");
    let (begun, _) = scene.go_from(None);
    assert_eq!(begun[1], (Step::Clean, Reason::New, false));
    scene.breaks = false;
    assert_eq!(scene.go(), [(Step::Clean, Reason::New, true)]);
    assert!(!scene.path("work/clean.part").exists() && !scene.path("work/clean.begun.json").exists());
    // A stamp that can't be read is none.
    scene.write("work/clean.stamp.json", "{");
    assert_eq!(scene.go(), [(Step::Clean, Reason::New, false)]);
}

#[test]
fn a_missing_input_is_named() {
    let scene = Scene::new();
    std::fs::remove_file(scene.path("source.txt")).unwrap();
    let (_, result) = scene.go_from(None);
    let told = result.unwrap_err().to_string();
    assert!(told.starts_with("import: ") && told.contains("source.txt"), "{told}");
}

#[test]
fn a_folder_is_its_files_with_their_names() {
    let scene = Scene::new();
    let folder = scene.path("folder");
    std::fs::create_dir_all(folder.join("in")).unwrap();
    std::fs::write(folder.join("a"), "1").unwrap();
    let first = content_hash(&folder).unwrap();
    std::fs::rename(folder.join("a"), folder.join("b")).unwrap();
    let renamed = content_hash(&folder).unwrap();
    std::fs::rename(folder.join("b"), folder.join("in/b")).unwrap();
    let moved = content_hash(&folder).unwrap();
    std::fs::rename(folder.join("in/b"), folder.join("a")).unwrap();
    assert!(first != renamed && renamed != moved && first == content_hash(&folder).unwrap());
}
