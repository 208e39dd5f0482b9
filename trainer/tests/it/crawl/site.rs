//! A board on this machine: threads that grow, and moods of its server.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the server answers instead of the truth.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mood {
    /// This status, with this Retry-After.
    Status(u16, Option<&'static str>),
    /// Half of the body, then nothing.
    Hangup,
    /// This body.
    Says(&'static str),
}

#[derive(Default)]
struct Inside {
    /// Posts of each thread.
    threads: BTreeMap<u64, u64>,
    without_catalogue: bool,
    /// Answers to the next requests of a path.
    moods: BTreeMap<String, VecDeque<Mood>>,
    asked: Vec<String>,
    agents: Vec<String>,
}

/// The board `/b/`.
#[derive(Clone)]
pub(crate) struct Site {
    inside: Arc<Mutex<Inside>>,
    pub(crate) address: String,
}

impl Site {
    /// Opens a board with threads of so many posts.
    pub(crate) fn open(threads: &[(u64, u64)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/b/", listener.local_addr().unwrap());
        let inside = Arc::new(Mutex::new(Inside { threads: threads.iter().copied().collect(), ..Inside::default() }));
        let site = Self { inside, address };
        let serving = site.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that was killed is no failure of the site.
                let _ = serving.serve(stream);
            }
        });
        site
    }

    pub(crate) fn grow(&self, thread: u64, posts: u64) {
        self.inside.lock().unwrap().threads.insert(thread, posts);
    }

    pub(crate) fn sink(&self, thread: u64) {
        self.inside.lock().unwrap().threads.remove(&thread);
    }

    pub(crate) fn without_catalogue(&self) {
        self.inside.lock().unwrap().without_catalogue = true;
    }

    pub(crate) fn mood(&self, path: &str, moods: &[Mood]) {
        self.inside.lock().unwrap().moods.insert(path.to_owned(), moods.iter().copied().collect());
    }

    /// The paths below the board that were asked for since the last time.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.inside.lock().unwrap().asked)
    }

    /// How clients called themselves.
    pub(crate) fn agents(&self) -> Vec<String> {
        self.inside.lock().unwrap().agents.clone()
    }

    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        let headers: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        let path = request.split(' ').nth(1).and_then(|path| path.strip_prefix("/b/")).unwrap_or_default().to_owned();
        let agent = headers.iter().find_map(|line| line.to_lowercase().strip_prefix("user-agent: ").map(str::to_owned));
        let mut inside = self.inside.lock().unwrap();
        inside.agents.extend(agent);
        let mood = inside.moods.get_mut(&path).and_then(VecDeque::pop_front);
        let body = inside.page(&path);
        inside.asked.push(path);
        drop(inside);
        let (status, retry, body, cut) = match (mood, body) {
            (Some(Mood::Status(status, retry)), _) => (status, retry, String::new(), 0),
            (Some(Mood::Says(body)), _) => (200, None, body.to_owned(), 0),
            (Some(Mood::Hangup), Some(body)) => (200, None, body, 10),
            (_, Some(body)) => (200, None, body, 0),
            (_, None) => (404, None, String::new(), 0),
        };
        let retry = retry.map(|retry| format!("Retry-After: {retry}\r\n")).unwrap_or_default();
        write!(stream, "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n{retry}\r\n", body.len())?;
        stream.write_all(&body.as_bytes()[..body.len() - cut])
    }
}

impl Inside {
    fn page(&self, path: &str) -> Option<String> {
        match path {
            "catalog.json" if self.without_catalogue => None,
            "catalog.json" | "threads.json" => {
                let entry = |(number, posts): (&u64, &u64)| {
                    format!(
                        "{{\"num\":{number},\"posts_count\":{posts},\"lasthit\":{},\"comment\":\"x\"}}",
                        1_700_000_000 + posts
                    )
                };
                let entries: Vec<String> = self.threads.iter().rev().map(entry).collect();
                Some(format!("{{\"board\":\"b\",\"threads\":[{}]}}", entries.join(",")))
            }
            _ => {
                let number: u64 = path.strip_prefix("res/")?.strip_suffix(".json")?.parse().ok()?;
                Some(thread(number, *self.threads.get(&number)?))
            }
        }
    }
}

/// Each post answers the one before.
fn thread(number: u64, posts: u64) -> String {
    let post = |place: u64| {
        let answers = if place == 0 { String::new() } else { format!("&gt;&gt;{}<br>", number + place - 1) };
        format!(
            "{{\"num\":{},\"comment\":\"{answers}пост {place} треда {number}\",\"timestamp\":1700000000}}",
            number + place
        )
    };
    let posts: Vec<String> = (0..posts).map(post).collect();
    format!("{{\"board\":{{\"id\":\"b\"}},\"threads\":[{{\"posts\":[{}]}}]}}", posts.join(","))
}
