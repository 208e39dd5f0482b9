//! The database goes away for a while: PostgreSQL is killed, SQLite's disk is full.

use std::time::Duration;

use crate::ground::Ground;
use crate::kill::Phase;
use crate::run::Slot;
use crate::stage::Stage;

/// What happens to this database.
pub(super) fn kind(ground: &Ground) -> &'static str {
    match ground {
        Ground::Postgres(_) => "kill -9 and restart",
        Ground::Sqlite(ground) if ground.can_be_filled() => "a small disk filled up",
        Ground::Sqlite(_) => "files that may not grow, for lack of root",
    }
}

/// One outage, during which people go on writing. Sometimes the daemon dies as well, and comes up without a database.
pub(super) async fn strike(stage: &mut Stage) {
    let along = matches!(stage.ground, Ground::Postgres(_)) && stage.dice.chance(0.25);
    if along {
        stage.kill(Slot::First, Phase::Anywhere, false).await;
    }
    begin(stage);
    if along {
        stage.start(Slot::First);
    }
    for _ in 0..3 {
        let count = stage.dice.below(4);
        stage.write(count);
        let pause = stage.dice.up_to(Duration::from_millis(500));
        tokio::time::sleep(pause).await;
    }
    end(stage);
}

fn begin(stage: &mut Stage) {
    match &mut stage.ground {
        Ground::Postgres(ground) => ground.kill(),
        Ground::Sqlite(ground) if ground.can_be_filled() => ground.fill(),
        Ground::Sqlite(ground) => {
            let length = ground.length();
            stage.limit_files(Some(length));
        }
    }
}

fn end(stage: &mut Stage) {
    match &mut stage.ground {
        Ground::Postgres(ground) => ground.restart(),
        Ground::Sqlite(ground) if ground.can_be_filled() => ground.free(),
        Ground::Sqlite(_) => stage.limit_files(None),
    }
}
