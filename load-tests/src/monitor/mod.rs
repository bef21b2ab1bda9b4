//! network-monitor: events per CPU-second of its process, from the embedded log to the SQLite store.
//!
//! The events are those of the demo's schools on a day in term, as their sensors would write them: flow, DNS, TLS, DHCP, ARP and the
//! odd alert, of a few hundred devices. They are in the log before the measured process ([`server`]) is told to begin; it is done when
//! nothing is left to read.

mod school_day;
mod server;

use std::path::Path;

use ::events::{EmbeddedConfig, EmbeddedLog, EventLog as _, Record, Topic};
use anyhow::{Context as _, Result, ensure};
use tokio::runtime::Handle;

use crate::{
    child::Child,
    settings::beside_executable,
    spread::{Spread, rounded},
    table::Table,
};

use school_day::{Form, SchoolDay};
use server::{Begun, Stored};
pub use server::{ServerOptions, serve};

const GOAL: f64 = 20_000.0;

/// What arrives, from the most to the least work for each event.
const FORMS: [Form; 4] = [
    Form { otlp: false, zstd: true, batch: 500 },
    Form { otlp: true, zstd: true, batch: 500 },
    Form { otlp: true, zstd: false, batch: 500 },
    Form { otlp: true, zstd: true, batch: 50 },
];

/// Lets the monitor process the day in each form, in turn.
pub fn measure(product: &Path, quick: bool, background: &Handle) -> Result<String> {
    let (rounds, events) = if quick { (1, 40_000) } else { (3, 100_000) };
    let day = SchoolDay::of_demo(product, events)?;
    let mut rates: [Vec<f64>; FORMS.len()] = Default::default();
    let mut stored = None;
    for round in 1..=rounds {
        eprintln!("monitor: round {round} of {rounds}");
        for (form, rates) in FORMS.iter().zip(&mut rates) {
            let (rate, of_round) = measure_form(&day, *form, background)?;
            rates.push(rate);
            stored = Some(of_round);
        }
    }

    let stored = stored.context("nothing was measured")?;
    let note = format!(
        "Events per CPU-second of the monitor's process, log to SQLite: {} events of {} bytes on average, from {} schools; what is kept of them: \
         {} devices, {} alerts. `×` is the median of the ratios to the first row, each within a round.",
        rounded(day.len() as f64),
        rounded(day.bytes_an_event()),
        day.schools(),
        stored.devices,
        stored.alerts
    );
    let columns = ["form", "goal", "median (min–max)", "×", ""];
    let mut table = Table::new("Monitor: from the log to the store", note, &columns);
    let [baseline, ..] = &rates;
    for (form, rates) in FORMS.iter().zip(&rates) {
        let Some(spread) = Spread::of(rates.iter().copied()) else { continue };
        let ratio = Spread::of(rates.iter().zip(baseline).map(|(rate, baseline)| rate / baseline)).map_or(0.0, |ratios| ratios.median);
        let verdict = if spread.median >= GOAL { "met" } else { "missed" };
        table.row([form.to_string(), format!("≥ {}", rounded(GOAL)), spread.show(rounded), rounded(ratio), verdict.to_owned()]);
    }
    Ok(table.to_string())
}

fn measure_form(day: &SchoolDay, form: Form, background: &Handle) -> Result<(f64, Stored)> {
    let folder = beside_executable()?;
    background.block_on(fill_log(folder.path(), day.records(form)?))?;
    let path = folder.path().to_str().context("the path of the folder is not UTF-8")?;
    let mut monitor = Child::start(&["monitor-server", "--folder", path])?;
    let Begun { .. } = monitor.hear()?;
    let cpu_before = monitor.cpu_time()?;
    monitor.go_on()?;
    let stored: Stored = monitor.hear()?;
    let cpu = monitor.cpu_time()?.saturating_sub(cpu_before);
    let Stored { .. } = monitor.end()?;
    let taken_in = stored.understood + stored.unused;
    ensure!(taken_in == day.len() as u64, "{} events were in the log, {taken_in} were processed", day.len());
    Ok((taken_in as f64 / cpu.as_secs_f64(), stored))
}

async fn fill_log(folder: &Path, records: Vec<Record>) -> Result<()> {
    let log = EmbeddedLog::open(EmbeddedConfig::new(folder.join("log")))?;
    log.ensure_topics(&[Topic::TelemetryBatch, Topic::Erasure, Topic::Alert]).await?;
    for record in records {
        log.append(Topic::TelemetryBatch, vec![record]).await?;
    }
    log.close().await;
    Ok(())
}
