//! Boards that are asked over the network: a site on this machine, and time that passes at once.

mod site;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use maskarad_trainer::corpus::import::board::crawl::{self, Around, Board, Clock, Crawled};
use maskarad_trainer::corpus::import::{Dropped, Format, ImportError, ImportOptions, board, import};
use maskarad_trainer::progress::Silent;
use rand::Rng;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;

use self::site::{Mood, Site};
use crate::foreign::of;

const PAUSE: Duration = Duration::from_millis(1500);

/// Writes down how long was slept.
#[derive(Default)]
struct Noted(Mutex<Vec<Duration>>);

impl Noted {
    fn slept(&self) -> Vec<f64> {
        std::mem::take(&mut *self.0.lock().unwrap()).iter().map(Duration::as_secs_f64).collect()
    }
}

impl Clock for Noted {
    fn now(&self) -> OffsetDateTime {
        datetime!(2024-01-01 00:00:00 UTC)
    }

    fn sleep(&self, time: Duration) {
        self.0.lock().unwrap().push(time);
    }
}

fn crawl(site: &Site, state: &TempDir, clock: &Noted) -> (Result<Crawled, ImportError>, Dropped) {
    let mut dropped = Dropped::default();
    let around = Around { state: state.path(), pause: PAUSE, min_replies: 3, clock, progress: &Silent };
    (crawl::fetch(&Board::at(&site.address).unwrap(), around, &mut dropped), dropped)
}

fn kept(state: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(crawl::threads(state.path()))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_board_is_asked_once_and_politely() {
    let (site, state, clock) =
        (Site::open(&[(900, 5), (100, 30), (500, 2)]), tempfile::tempdir().unwrap(), Noted::default());
    let (crawled, dropped) = crawl(&site, &state, &clock);
    assert_eq!(crawled.unwrap(), Crawled { fetched: 2, unchanged: 0 });
    assert_eq!(dropped.0["thread with too few replies"], 1);
    assert_eq!(site.asked(), ["catalog.json", "res/100.json", "res/900.json"]);
    assert_eq!(clock.slept(), [1.5, 1.5]);
    assert_eq!(kept(&state), ["100.json", "900.json"]);
    assert!(site.agents().iter().all(|agent| agent.starts_with("maskarad/")), "{:?}", site.agents());

    site.grow(100, 31);
    site.sink(900);
    site.grow(1000, 4);
    assert_eq!(crawl(&site, &state, &clock).0.unwrap(), Crawled { fetched: 2, unchanged: 0 });
    assert_eq!(site.asked(), ["catalog.json", "res/100.json", "res/1000.json"]);
    assert_eq!(crawl(&site, &state, &clock).0.unwrap(), Crawled { fetched: 0, unchanged: 2 });
    assert_eq!(site.asked(), ["catalog.json"]);
    // What left the board is kept; what was deleted here is asked for again.
    std::fs::remove_file(crawl::threads(state.path()).join("100.json")).unwrap();
    assert_eq!(crawl(&site, &state, &clock).0.unwrap(), Crawled { fetched: 1, unchanged: 1 });
    assert_eq!(kept(&state), ["100.json", "1000.json", "900.json"]);
}

#[test]
fn a_site_that_asks_for_patience_gets_it() {
    let (site, state, clock) = (Site::open(&[(100, 5)]), tempfile::tempdir().unwrap(), Noted::default());
    site.mood("catalog.json", &[Mood::Status(503, None), Mood::Hangup]);
    let date = "Mon, 01 Jan 2024 00:01:30 GMT";
    site.mood("res/100.json", &[Mood::Status(429, Some("7")), Mood::Status(429, Some(date)), Mood::Status(500, None)]);
    crawl(&site, &state, &clock).0.unwrap();
    let pages = [
        "catalog.json",
        "catalog.json",
        "catalog.json",
        "res/100.json",
        "res/100.json",
        "res/100.json",
        "res/100.json",
    ];
    assert_eq!(site.asked(), pages);
    assert_eq!(clock.slept(), [2.0, 1.5, 4.0, 1.5, 1.5, 7.0, 1.5, 90.0, 1.5, 8.0, 1.5]);
    assert_eq!(kept(&state), ["100.json"]);
}

#[test]
fn patience_ends() {
    let (site, state, clock) = (Site::open(&[(100, 5), (200, 5)]), tempfile::tempdir().unwrap(), Noted::default());
    site.mood("res/200.json", &[Mood::Status(502, None); 5]);
    let error = crawl(&site, &state, &clock).0.unwrap_err().to_string();
    let start = format!("{}res/200.json: answers 502", site.address);
    assert!(
        error.starts_with(&start) && error.ends_with("; run it again later: what is there already is kept"),
        "{error}"
    );
    assert_eq!(site.asked().len(), 7);
    // The next run goes on there.
    assert_eq!(crawl(&site, &state, &clock).0.unwrap(), Crawled { fetched: 1, unchanged: 1 });
    assert_eq!(site.asked(), ["catalog.json", "res/200.json"]);
    for (mood, times) in
        [(Mood::Status(429, Some("86400")), 1), (Mood::Status(403, None), 1), (Mood::Status(503, None), 5)]
    {
        site.mood("catalog.json", &[mood; 5]);
        assert!(crawl(&site, &state, &clock).0.unwrap_err().to_string().contains("catalog.json: answers "));
        assert_eq!(site.asked().len(), times);
    }
}

#[test]
fn what_comes_broken_is_counted_and_asked_for_again() {
    let (site, state, clock) =
        (Site::open(&[(100, 5), (200, 5), (300, 5)]), tempfile::tempdir().unwrap(), Noted::default());
    site.mood("res/100.json", &[Mood::Says("<html>почти</html>")]);
    site.mood("res/200.json", &[Mood::Status(404, None)]);
    site.mood("res/300.json", &[Mood::Says("{\"threads\":[{\"posts\":[{\"num\":1}]}]}")]);
    let (crawled, dropped) = crawl(&site, &state, &clock);
    assert_eq!(crawled.unwrap().fetched, 0);
    assert_eq!((dropped.0["thread that came broken"], dropped.0["thread that is gone"]), (2, 1));
    assert!(kept(&state).is_empty());
    assert_eq!(crawl(&site, &state, &clock).0.unwrap().fetched, 3);
    site.mood("catalog.json", &[Mood::Says("{\"threads\":[{\"num\":0}]}")]);
    let error = crawl(&site, &state, &clock).0.unwrap_err().to_string();
    assert!(error.contains("catalog.json: holds no list of threads"), "{error}");
}

#[test]
fn boards_without_a_catalogue_have_a_shorter_list() {
    let (site, state, clock) = (Site::open(&[(100, 5)]), tempfile::tempdir().unwrap(), Noted::default());
    site.without_catalogue();
    crawl(&site, &state, &clock).0.unwrap();
    assert_eq!(site.asked(), ["catalog.json", "threads.json", "res/100.json"]);
}

#[test]
fn a_folder_belongs_to_one_board_and_one_run() {
    let (site, state, clock) = (Site::open(&[(100, 5)]), tempfile::tempdir().unwrap(), Noted::default());
    crawl(&site, &state, &clock).0.unwrap();
    let other = Site::open(&[(100, 5)]);
    let error = crawl(&other, &state, &clock).0.unwrap_err().to_string();
    assert!(error.contains("seen.json: belongs to another board"), "{error}");
    assert!(other.asked().is_empty());
    let lock = std::fs::File::open(state.path().join("lock")).unwrap();
    lock.lock().unwrap();
    assert!(crawl(&site, &state, &clock).0.unwrap_err().to_string().contains("another import is using it"));
    drop(lock);
    std::fs::write(state.path().join("seen.json"), "{\"board\":").unwrap();
    let error = crawl(&site, &state, &clock).0.unwrap_err().to_string();
    assert!(error.contains("seen.json:1:9: ends too early; delete it"), "{error}");
}

/// The whole import of a board, as the command runs it.
fn whole(address: &str, folder: &Path) {
    let mut options: ImportOptions = of(Format::Auto);
    let crawl = crawl::Options { state: Some(folder.join("state")), pause: Duration::from_millis(3) };
    options.board = board::Options { crawl, ..board::Options::default() };
    import(&[address.into()], &folder.join("corpus.jsonl"), &options, &Silent).unwrap();
}

/// Runs in a process of its own, which is killed.
#[test]
#[ignore = "run by the test below"]
fn a_run_to_be_killed() {
    let here = std::env::current_dir().unwrap();
    let address = std::fs::read_to_string(here.join("address")).unwrap();
    whole(&address, &here);
}

#[test]
fn killed_at_any_moment_it_goes_on() {
    let threads: Vec<(u64, u64)> = (1..=40).map(|number| (number * 100, 25)).collect();
    let (site, undisturbed, killed) =
        (Site::open(&threads), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    whole(&site.address, undisturbed.path());
    assert_eq!(site.asked().len(), 41);
    std::fs::write(killed.path().join("address"), &site.address).unwrap();
    let mut kills = 0;
    for _ in 0..10 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crawl::a_run_to_be_killed", "--ignored"])
            .current_dir(killed.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(rand::rng().random_range(20..150)));
        kills += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    whole(&site.address, killed.path());
    let asked = site.asked();
    let read = |folder: &TempDir, name: &str| std::fs::read(folder.path().join(name)).unwrap();
    for name in ["corpus.jsonl", "state/seen.json"] {
        assert!(read(&killed, name) == read(&undisturbed, name), "{name} is another after {kills} kills");
    }
    let of_threads = asked.iter().filter(|path| path.starts_with("res/")).count();
    assert!((40..=40 + kills).contains(&of_threads), "{of_threads} threads were asked for with {kills} kills");
    let left: Vec<_> = kept_in(&killed.path().join("state"));
    assert_eq!(left, ["lock", "seen.json", "threads"]);
    assert_eq!(kept_in(&crawl::threads(&killed.path().join("state"))).len(), 40);
}

fn kept_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
