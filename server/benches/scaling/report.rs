//! The tables of the document: what is asked for, what one of each part can do, what breaks first, what is needed, and how long
//! people wait then.

use crate::page::Page;
use crate::simulation::findings::Share;
use crate::simulation::{Deployment, Findings, Habit, Offered, Office};
use crate::sizing::{self, Demand};
use crate::{assumed, measured};

/// Seconds that pass before anything is counted: chats begin in a pause.
const WARMING: f64 = 900.0;
/// A run is as long as so many messages take, within these bounds.
const MESSAGES: f64 = 200_000.0;
const SPAN: (f64, f64) = (600.0, 86_400.0);

/// Simulates each size with one of each part and with enough of each.
pub(crate) fn write(sizes: &[usize], seed: u64) -> Page {
    let about = format!(
        "Seed {seed}; the same seed makes the same tables on any machine. One of each is what breaks first; then as much of each \
         as is {:.0} % used in the mean.",
        100.0 * assumed::TARGET
    );
    let mut page = Page::begin("make scaling", "The simulation (`make scaling`, server/benches/scaling)", &about);
    page.chapter("What is measured", &measurements());
    page.chapter("What is assumed", &assumptions());
    page.chapter("What is asked for", &asked(sizes));
    page.chapter("What one of each can do, and how much of it is asked for", &loads(sizes));
    page.chapter("What is needed", &needed(sizes));
    page.chapter("How long people wait", &waits(sizes, seed));
    page
}

fn measurements() -> String {
    let dispatch = measured::DISPATCH;
    let engine = measured::DECODING.map(|(_, measured)| measured);
    let store = [measured::OVERHEARD, measured::ANSWERED, measured::CROWD_OVERHEARD, measured::CROWD_ANSWERED];
    let all = [measured::QUEUED, measured::PREFILL];
    let mut table = "| what | how much | measured by | when and where |\n|---|---|---|---|\n".to_owned();
    for found in store.into_iter().chain(all).chain(engine).chain(dispatch) {
        let measured::Measured { name, value, unit, command, when } = found;
        table.push_str(&format!("| {name} | {value:.0} {unit} | {command} | {when} |\n"));
    }
    if dispatch.is_none() {
        table.push_str("| replies a daemon hands out | **NOT YET MEASURED** | – | – |\n\n");
        table.push_str(
            "Until it is, the simulated daemon takes no time of its own, and the machines below are a lower bound.\n",
        );
    }
    table
}

fn assumptions() -> String {
    let mut table = "\
| chats | share | messages a burst | s between them | s between bursts | address the persona | messages an hour |\n\
|---|---|---|---|---|---|---|\n"
        .to_owned();
    for (name, habit) in assumed::KINDS.iter().zip(&assumed::ACTIVITY) {
        let Habit { share, burst, gap, pause, directed, .. } = habit;
        let (share, directed, hourly) = (100.0 * share, 100.0 * directed, 3600.0 * habit.rate());
        table.push_str(&format!(
            "| {name} | {share:.0} % | {burst:.0} | {gap:.0} | {pause:.0} | {directed:.0} % | {hourly:.0} |\n"
        ));
    }
    let (least, most) = assumed::REPLY_TOKENS;
    let (prompt, trip, price) = (assumed::PROMPT_TOKENS, assumed::ROUND_TRIP, assumed::PRICE);
    table.push_str(&format!(
        "\nBursts are geometric, times between messages exponential. A prompt has {prompt:.0} tokens, a reply {least} to {most}. \
         Telegram is {trip} s away and back. A virtual server of 2 cores and 4 GB costs {price:.0} € a month.\n"
    ));
    table
}

fn asked(sizes: &[usize]) -> String {
    let mut table = "\
| active chats | messages/s | of them ask for a reply | tokens/s of replies | million messages a day |\n\
|---|---|---|---|---|\n"
        .to_owned();
    let tokens = sizing::mean_tokens(&sizing::rates(true));
    for &chats in sizes {
        let Offered { messages, replies } = Offered::of(&assumed::ACTIVITY, chats);
        let (spoken, daily) = (replies * tokens, messages * 86_400.0 / 1e6);
        table.push_str(&format!("| {chats} | {messages:.2} | {replies:.2} | {spoken:.0} | {daily:.2} |\n"));
    }
    table
}

fn demands(chats: usize) -> Vec<Demand> {
    sizing::demands(Offered::of(&assumed::ACTIVITY, chats), &sizing::rates(true))
}

fn loads(sizes: &[usize]) -> String {
    let columns: Vec<Vec<Demand>> = sizes.iter().map(|&chats| demands(chats)).collect();
    let heads: String = sizes.iter().map(|chats| format!(" {chats} chats |")).collect();
    let mut table = format!("| part | one can do, a second |{heads}\n|---|---|{}\n", "---|".repeat(sizes.len()));
    for (part, demand) in demands(1).iter().enumerate() {
        let can = demand.capacity.map_or("NOT YET MEASURED".to_owned(), |can| format!("{can:.0} {}", demand.unit));
        table.push_str(&format!("| {} | {can} |", demand.name));
        for column in &columns {
            table.push_str(&format!(" {} |", percent(&column[part])));
        }
        table.push('\n');
    }
    let first = |column: &Vec<Demand>| {
        let first = column.iter().max_by(|one, other| one.load.total_cmp(&other.load));
        first.map_or("–", |demand| if demand.load > 1.0 { demand.name } else { "nothing" })
    };
    let firsts: String = columns.iter().map(|column| format!(" {} |", first(column))).collect();
    table.push_str(&format!("| **breaks first** | |{firsts}\n"));
    table
}

fn percent(demand: &Demand) -> String {
    let load = 100.0 * demand.load;
    match demand.capacity {
        None => "?".to_owned(),
        Some(_) if load > 100.0 => format!("**{load:.0} %**"),
        Some(_) => format!("{load:.1} %"),
    }
}

fn needed(sizes: &[usize]) -> String {
    let mut table = "\
| active chats | bots | daemons | PostgreSQL | RabbitMQ | workers | machines of 2 cores | € a month |\n\
|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for &chats in sizes {
        let demands = demands(chats);
        let size = sizing::roomy(chats, &demands);
        let machines = sizing::machines(&size, &demands);
        let price = machines as f64 * assumed::PRICE;
        let Deployment { bots, daemons, databases, brokers, workers, .. } = size;
        let workers = if brokers == 0 { "in the daemon".to_owned() } else { workers.to_string() };
        table.push_str(&format!(
            "| {chats} | {bots} | {daemons} | {databases} | {brokers} | {workers} | {machines} | {price:.0} |\n"
        ));
    }
    table
}

fn waits(sizes: &[usize], seed: u64) -> String {
    let mut table = "\
| active chats | with | messages/s | replies/s | share a reply or are overtaken | p50 s | p95 s | p99 s | unanswered at the end | \
bots write | daemons | PostgreSQL | RabbitMQ | workers at work | minutes watched |\n\
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for &chats in sizes {
        for (name, size) in
            [("one of each", sizing::smallest(chats)), ("enough", sizing::roomy(chats, &demands(chats)))]
        {
            table.push_str(&waiting(name, size, seed));
        }
    }
    table
}

/// One row: a run of the simulation.
fn waiting(name: &str, size: Deployment, seed: u64) -> String {
    let rates = sizing::rates_of(&size);
    let offered = Offered::of(&assumed::ACTIVITY, size.chats);
    let span = (MESSAGES / offered.messages).clamp(SPAN.0, SPAN.1);
    let found = Office::new(size, &rates, &assumed::ACTIVITY, seed).watch(WARMING, span);
    let [p50, p95, p99] =
        [0.5, 0.95, 0.99].map(|share| found.quantile(share).map_or("–".to_owned(), |wait| format!("{wait:.2}")));
    let Findings { messages, replies, asked, merged, left, .. } = found;
    let used = |share: &Share| match (share.name, rates.dispatch) {
        ("daemons", None) => " ? |".to_owned(),
        _ => format!(" {:.0} % |", 100.0 * share.load),
    };
    let shares: String = found.shares.iter().map(used).collect();
    format!(
        "| {} | {name} | {:.2} | {:.2} | {:.1} % | {p50} | {p95} | {p99} | {left} |{shares} {:.0} |\n",
        size.chats,
        messages as f64 / span,
        replies as f64 / span,
        100.0 * merged as f64 / asked.max(1) as f64,
        span / 60.0
    )
}
