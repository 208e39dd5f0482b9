//! What reusing the keys and values of a chat's previous prompt and reply would save: not the cache, but its hits, counted on
//! the prompts that the daemon makes, and priced with the engine's measured speed.

mod cast;
mod price;
mod window;

use std::path::Path;

use self::cast::{Cast, Conversation};
use self::price::Price;
use self::window::Window;

/// Below this part of a reply's time a cache isn't worth its code.
const WORTH: f64 = 0.05;

/// What a window's prompts come to, over all conversations.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    replies: f64,
    prompt: f64,
    hit: f64,
    generated: f64,
}

/// A table of hit rates and savings. The persona's own checkpoint gives the short replies, and the random one those of full
/// length, and the price of a token.
pub(crate) async fn table(full_size: &Path) -> anyhow::Result<String> {
    let demo = Cast::play(cast::demo()).await?;
    let demo_conversations = demo.conversations().await?;
    demo.end().await;
    let full = Cast::play(cast::full(full_size)).await?;
    let full_conversations = full.conversations().await?;
    let price = price::of(full.engine(), full.model()).await?;
    full.end().await;
    let mut table = format!(
        "One token costs {:.3} ms in a prompt, {:.2} ms in a reply alone, {:.3} ms in a reply among {} others.\n\n\
         | replies | window of messages | prompt tokens | hit rate | saved ms a reply | of a reply alone | of a reply in company | \
         net of today's, alone | in company |\n|---|---|---|---|---|---|---|---|---|\n",
        price.prompt,
        price.alone,
        price.together,
        price::COMPANY - 1,
    );
    let mut most: f64 = 0.0;
    for (name, conversations) in [("the demo persona's", demo_conversations), ("128 tokens", full_conversations)] {
        let today = Sum::of(&conversations, Window::TODAY)?;
        most = most.max(today.saved(&price, price.alone));
        for window in window::ALL {
            let sum = Sum::of(&conversations, window)?;
            table.push_str(&format!("| {name} | {window} {}\n", sum.line(&today, &price)));
        }
    }
    let verdict = if most < WORTH { "isn't worth it" } else { "pays" };
    table.push_str(&format!(
        "\nWith the window as it is, reuse saves at most {:.1} % of the time of a reply alone, and so {verdict} (bound: {:.0} %). \
         A window that drops several messages at once changes what the persona remembers: one of up to 4 holds fewer on average \
         than today's, which alone makes prompts cheaper; one of up to 8 holds more. \"Net\" compares its time, with reuse, with \
         today's without.\n",
        100.0 * most,
        100.0 * WORTH,
    ));
    Ok(table)
}

impl Sum {
    fn of(conversations: &[Conversation], window: Window) -> anyhow::Result<Self> {
        let mut sum = Self::default();
        for conversation in conversations {
            let prompts = conversation.prompts(window)?;
            let mut cached: Vec<u32> = Vec::new();
            for (prompt, reply) in prompts.into_iter().zip(&conversation.generated) {
                sum.replies += 1.0;
                sum.prompt += prompt.len() as f64;
                sum.generated += reply.len() as f64;
                // The last token of a prompt is computed in any case: the next token comes of it.
                sum.hit += common(&cached, &prompt[..prompt.len() - 1]) as f64;
                // The last token of a reply has no keys and values: nothing was computed from it.
                cached = prompt;
                cached.extend(&reply[..reply.len() - 1]);
            }
        }
        Ok(sum)
    }

    /// Milliseconds for all replies at this price of a generated token, without reuse.
    fn time(&self, price: &Price, token: f64) -> f64 {
        self.prompt * price.prompt + self.generated * token
    }

    /// The part of that which reuse saves.
    fn saved(&self, price: &Price, token: f64) -> f64 {
        self.hit * price.prompt / self.time(price, token)
    }

    /// The part of today's time, without reuse, that this window with reuse saves.
    fn net(&self, today: &Self, price: &Price, token: f64) -> f64 {
        1.0 - (self.time(price, token) - self.hit * price.prompt) / today.time(price, token)
    }

    fn line(&self, today: &Self, price: &Price) -> String {
        format!(
            "| {:.0} | {:.0} % | {:.1} | {:.1} % | {:.1} % | {:+.1} % | {:+.1} % |",
            self.prompt / self.replies,
            100.0 * self.hit / self.prompt,
            self.hit * price.prompt / self.replies,
            100.0 * self.saved(price, price.alone),
            100.0 * self.saved(price, price.together),
            100.0 * self.net(today, price, price.alone),
            100.0 * self.net(today, price, price.together),
        )
    }
}

/// How many leading ids two sequences share.
fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
