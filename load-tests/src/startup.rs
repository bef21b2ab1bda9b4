//! `schildwacht` with its demo: how soon it is ready, and what it takes when it is idle.

use std::{path::Path, time::Duration};

use anyhow::{Result, bail};

use crate::{
    process::{self, Memory},
    product::Running,
    settings::beside_executable,
    spread::{Spread, milliseconds, rounded},
    table::Table,
};

/// The demo posts every five seconds, so that a span this long holds one beat.
const IDLE_SPAN: Duration = Duration::from_secs(5);
/// Less CPU than this in a span means that only the beat is left: the week of history is filled in.
const IDLE_CPU: Duration = Duration::from_millis(250);
const IDLE_SPANS: u32 = 2;
const GIVE_UP_ON_IDLE: Duration = Duration::from_secs(180);

const READY_GOAL: f64 = 2_000.0;
const MEMORY_GOAL: f64 = 150.0;

/// Starts it on empty folders, waits until the demo's history is filled in, and starts it once more on each.
pub fn measure(product: &Path, quick: bool) -> Result<String> {
    let mut first_start = Vec::new();
    let mut next_start = Vec::new();
    let mut filled_in = Vec::new();
    let mut idle = Vec::new();
    let mut after_restart = Vec::new();
    let rounds = if quick { 1 } else { 3 };
    for round in 1..=rounds {
        eprintln!("startup: round {round} of {rounds}");
        let folder = beside_executable()?;
        // Made by the product, as it takes only one that is closed to others.
        let data_dir = folder.path().join("var");
        let fresh = Running::start(product, &data_dir)?;
        first_start.push(milliseconds(fresh.ready_after));
        let (after, memory) = wait_until_idle(&fresh)?;
        filled_in.push(after.as_secs_f64());
        idle.push(memory);
        drop(fresh);
        // Killed, not stopped: what it recovers from is part of the start.
        let again = Running::start(product, &data_dir)?;
        next_start.push(milliseconds(again.ready_after));
        if !quick {
            after_restart.push(wait_until_idle(&again)?.1);
        }
    }

    let note =
        "From the start of the process to 200 on `/ready`; memory once the demo's week of history is filled in and only its beat is left.";
    let mut table = Table::new("Start and memory of `schildwacht` with its demo", note, &["what", "goal", "median (min–max)", ""]);
    let mut row = |what: &str, unit: &str, goal: Option<f64>, values: Vec<f64>| {
        let Some(spread) = Spread::of(values) else { return };
        let verdict = goal.map(|goal| if spread.median <= goal { "met" } else { "missed" }).unwrap_or_default();
        let goal = goal.map(|goal| format!("≤ {} {unit}", rounded(goal))).unwrap_or_default();
        table.row([what.to_owned(), goal, format!("{} {unit}", spread.show(rounded)), verdict.to_owned()]);
    };
    let memories = |memories: &[Memory], which: fn(&Memory) -> f64| memories.iter().map(which).collect::<Vec<_>>();
    row("ready, empty folder", "ms", Some(READY_GOAL), first_start);
    row("ready, after a kill -9 with a week of data", "ms", Some(READY_GOAL), next_start);
    row("history of a week filled in after", "s", None, filled_in);
    row("resident memory, idle", "MiB", Some(MEMORY_GOAL), memories(&idle, |memory| memory.resident));
    row("of that not backed by a file", "MiB", None, memories(&idle, |memory| memory.anonymous));
    row("resident memory at its peak, filling in", "MiB", None, memories(&idle, |memory| memory.peak));
    row("resident memory, idle after a restart", "MiB", Some(MEMORY_GOAL), memories(&after_restart, |memory| memory.resident));
    Ok(table.to_string())
}

/// Waits until it does next to nothing; answers when that began, and what memory it takes.
fn wait_until_idle(product: &Running) -> Result<(Duration, Memory)> {
    let pid = product.pid();
    let (mut idle_spans, mut idle_since) = (0, Duration::ZERO);
    while idle_spans < IDLE_SPANS {
        let before = process::cpu_time(pid)?;
        let span_began = product.began.elapsed();
        std::thread::sleep(IDLE_SPAN);
        let is_idle = process::cpu_time(pid)?.saturating_sub(before) < IDLE_CPU;
        if idle_spans == 0 {
            idle_since = span_began;
        }
        idle_spans = if is_idle { idle_spans + 1 } else { 0 };
        if product.began.elapsed() > GIVE_UP_ON_IDLE {
            bail!("the product was not idle after {} s", GIVE_UP_ON_IDLE.as_secs());
        }
    }
    Ok((idle_since, process::memory(pid)?))
}
