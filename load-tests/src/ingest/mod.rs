//! telemetry-ingest: events per CPU-second of its process.
//!
//! The measured process holds nothing but the service ([`server`]), set up as the product sets it up: its own listeners and threads,
//! tokens verified, gateways looked up, rates and memory counted. Limits are so high that none is ever reached. The load ([`load`])
//! comes from this process over connections that are kept open; bodies are made beforehand ([`sample`]); every answer is looked
//! at, and at the end what was sent must be what the server counted as accepted.

mod http1;
mod http2;
mod load;
mod neighbour;
mod quota;
mod sample;
mod server;
mod setup;
mod variant;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use clap::Args;
use tokio::runtime::Handle;

use crate::{
    spread::{Spread, rounded},
    table::Table,
};

pub use server::{ServerOptions, serve};

use load::Load;
use quota::Effort;
use sample::Samples;
use setup::Setup;
use variant::{BATCHES, Encoding, Log, Surface, Variant};

/// What the others are compared with, on the same log.
const BASELINE: (Surface, Encoding, usize) = (Surface::OtlpHttp, Encoding::Plain, 100);

/// Long enough for buffers to have grown and tokens to be known.
const WARM_UP: Effort = Effort { time: Duration::from_millis(150), bytes: 24 << 20 };

/// Events per CPU-second of each variant, round by round.
type Rates = BTreeMap<Variant, Vec<f64>>;

/// Measures every variant on every log.
pub fn measure(quick: bool, background: &Handle) -> Result<String> {
    let (rounds, effort) = if quick {
        (1, Effort { time: Duration::from_millis(700), bytes: 128 << 20 })
    } else {
        (4, Effort { time: Duration::from_millis(1_400), bytes: 320 << 20 })
    };
    let samples = Samples::default();
    let setup = Setup::make(background)?;
    let mut rates = Rates::new();
    for round in 0..rounds {
        for log in Log::ALL {
            eprintln!("ingest: round {} of {rounds}, {}", round + 1, log.name());
            measure_log(&setup, &samples, log, round, effort, &mut rates)?;
        }
    }
    let tables = Log::ALL.into_iter().map(|log| table(log, &rates, &samples).to_string());
    let neighbour = neighbour::measure(quick, background)?;
    Ok(std::iter::once(goals(&rates).to_string()).chain(tables).chain([neighbour]).collect::<Vec<_>>().join("\n"))
}

/// One round on one log, in a process of its own.
fn measure_log(setup: &Setup, samples: &Samples, log: Log, round: usize, effort: Effort, rates: &mut Rates) -> Result<()> {
    let mut variants = Variant::all(log);
    // The first variant runs on cold caches; so each runs once before.
    let turn = round * variants.len() / 4 % variants.len();
    variants.rotate_left(turn);
    let measured = setup.open(log)?;
    let mut sent = 0;
    for variant in variants {
        let mut load = Load::connect(variant, &measured, samples)?;
        sent += load.run(WARM_UP)?;
        let cpu_before = measured.server.cpu_time()?;
        let events = load.run(effort)?;
        let cpu = measured.server.cpu_time()?.saturating_sub(cpu_before);
        ensure!(!cpu.is_zero(), "{variant} used no CPU time that the kernel would count; give it more work");
        sent += events;
        rates.entry(variant).or_default().push(events as f64 / cpu.as_secs_f64());
    }
    measured.end(sent)
}

/// `schildwacht-load-tests load`.
#[derive(Debug, Args)]
pub struct LoadOptions {
    #[arg(long, value_enum, default_value = "embedded")]
    log: Log,
    #[arg(long, value_enum, default_value = "otlp-http")]
    surface: Surface,
    #[arg(long, value_enum, default_value = "plain")]
    encoding: Encoding,
    /// Events in a request.
    #[arg(long, default_value = "100")]
    batch: usize,
    /// How long, in seconds.
    #[arg(long, default_value = "20")]
    seconds: u64,
}

/// Keeps one variant under load, and says every second what it does.
pub fn hold_load(options: &LoadOptions, background: &Handle) -> Result<()> {
    let variant = Variant { log: options.log, surface: options.surface, encoding: options.encoding, batch: options.batch };
    let setup = Setup::make(background)?;
    let measured = setup.open(variant.log)?;
    let mut load = Load::connect(variant, &measured, &Samples::default())?;
    let mut sent = load.run(WARM_UP)?;
    println!("{variant}: process {}", measured.server.pid());
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(options.seconds) {
        let (second, cpu_before) = (Instant::now(), measured.server.cpu_time()?);
        let events = load.run(Effort { time: Duration::from_secs(1), bytes: usize::MAX })?;
        let cpu = (measured.server.cpu_time()?.saturating_sub(cpu_before)).as_secs_f64();
        let wall = second.elapsed().as_secs_f64();
        let (a_cpu_second, a_second) = (events as f64 / cpu, events as f64 / wall);
        println!("{} events/CPU-s, {} events/s, {:.0} % CPU", rounded(a_cpu_second), rounded(a_second), 100.0 * cpu / wall);
        sent += events;
    }
    measured.end(sent)
}

/// The goals of the design, and whether they are met.
fn goals(rates: &Rates) -> Table {
    let note = "Events per CPU-second of the ingest process; median of the rounds. Goals are for OTLP/HTTP.";
    let mut table = Table::new("Ingest: goals", note, &["log", "request", "goal", "measured", ""]);
    for log in Log::ALL.into_iter().filter(|log| *log != Log::Discard) {
        for (encoding, batch, goal) in [
            (Encoding::Plain, 1, 20_000.0),
            (Encoding::Plain, 100, 500_000.0),
            (Encoding::Plain, 1_000, 500_000.0),
            (Encoding::Zstd, 100, 1_000_000.0),
            (Encoding::Zstd, 1_000, 1_000_000.0),
        ] {
            let variant = Variant { log, surface: Surface::OtlpHttp, encoding, batch };
            let Some(spread) = rates.get(&variant).and_then(|rates| Spread::of(rates.iter().copied())) else { continue };
            let verdict = if spread.median >= goal { "met" } else { "missed" };
            let request = format!("{} × {batch}", encoding.name());
            table.row([log.name().to_owned(), request, rounded(goal), spread.show(rounded), verdict.to_owned()]);
        }
    }
    table
}

fn table(log: Log, rates: &Rates, samples: &Samples) -> Table {
    let (surface, encoding, batch) = BASELINE;
    let note = format!(
        "Events per CPU-second, median (min–max); `×` is the median of the ratios, each within a round, to {} {} at {batch} a batch.",
        surface.name(),
        encoding.name()
    );
    let mut columns = vec!["protocol".to_owned(), "encoding".to_owned()];
    columns.extend(BATCHES.iter().flat_map(|batch| [format!("{} a batch", rounded(*batch as f64)), "×".to_owned()]));
    columns.push("bytes/event at 100".to_owned());
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut table = Table::new(format!("Ingest: {}", log.title()), note, &columns);

    let baseline = rates.get(&Variant { log, surface, encoding, batch }).cloned().unwrap_or_default();
    for surface in Surface::ALL {
        for encoding in Encoding::ALL {
            let mut cells = vec![surface.name().to_owned(), encoding.name().to_owned()];
            for batch in BATCHES {
                let rates = rates.get(&Variant { log, surface, encoding, batch }).map_or(&[][..], Vec::as_slice);
                let ratios = rates.iter().zip(&baseline).map(|(rate, baseline)| rate / baseline);
                cells.push(Spread::of(rates.iter().copied()).map(|spread| spread.show(rounded)).unwrap_or_default());
                cells.push(Spread::of(ratios).map(|spread| rounded(spread.median)).unwrap_or_default());
            }
            cells.push(rounded(samples.bytes_an_event(surface, encoding, 100)));
            table.row(cells);
        }
    }
    table
}
