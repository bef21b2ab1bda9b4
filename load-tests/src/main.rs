//! Benchmarks of the product, on the machine they run on: one command, a table.
//!
//! ```text
//! cargo xtask bench            about eight minutes
//! cargo xtask bench --quick    under two
//! ```
//!
//! | Module | Measures |
//! |---|---|
//! | [`startup`] | `schildwacht` with its demo: time until ready, memory when idle |
//! | [`ingest`] | telemetry-ingest: events per CPU-second, by protocol, compression, batch and log |
//! | [`monitor`] | network-monitor: events per CPU-second, from the log to the store |
//! | [`decisions`] | auth: time of a decision, by how many functions somebody holds |
//!
//! What is measured runs in a process of its own ([`child`]), and its CPU time is read from the kernel ([`process`]). Everything else
//! (load, issuer, mock cluster) is in this process and not counted. CPU time rather than the clock, because the question is how many
//! machines the country needs, and because the clock of a shared machine says little. Variants take turns within a round, so that
//! a noisy minute hits all of them; the tables give minimum, median and maximum over the rounds, and ratios within a round.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for developers speaks on the terminal")]

mod child;
mod decisions;
mod ingest;
mod monitor;
mod people;
mod process;
mod product;
mod settings;
mod spread;
mod startup;
mod table;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};
use tokio::runtime::{Builder, Handle};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the product on this machine and prints tables in Markdown.
#[derive(Debug, Parser)]
#[command(name = "schildwacht-load-tests", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
struct Options {
    /// Fewer and shorter rounds: to see whether something broke, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// Only these parts.
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// The product's executable; the one beside this when not given.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Startup,
    Ingest,
    Monitor,
    Decisions,
    People,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keeps one variant under load, for a profiler: prints the process id of the server.
    Load(ingest::LoadOptions),
    /// The measured process of the ingest benchmark.
    #[command(hide = true)]
    IngestServer(ingest::ServerOptions),
    /// The measured process of the monitor benchmark.
    #[command(hide = true)]
    MonitorServer(monitor::ServerOptions),
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    runtime::install_tls_provider();
    // Measuring blocks; issuer and servers run here meanwhile.
    let background = Builder::new_multi_thread().enable_all().build()?;
    match cli.command {
        None => measure(&cli.options, background.handle()),
        Some(Command::Load(options)) => ingest::hold_load(&options, background.handle()),
        Some(Command::IngestServer(options)) => background.block_on(ingest::serve(options)),
        Some(Command::MonitorServer(options)) => background.block_on(monitor::serve(options)),
    }
}

fn measure(options: &Options, background: &Handle) -> Result<()> {
    let wanted = |part| options.only.is_empty() || options.only.contains(&part);
    println!("{}\n", process::machine());
    let product = match &options.binary {
        Some(file) => file.clone(),
        None if [Part::Startup, Part::Monitor, Part::People].into_iter().any(wanted) => product::find()?,
        None => PathBuf::new(),
    };
    if wanted(Part::Startup) {
        println!("{}", startup::measure(&product, options.quick)?);
    }
    if wanted(Part::Ingest) {
        println!("{}", ingest::measure(options.quick, background)?);
    }
    if wanted(Part::Monitor) {
        println!("{}", monitor::measure(&product, options.quick, background)?);
    }
    if wanted(Part::Decisions) {
        println!("{}", decisions::measure(options.quick)?);
    }
    if wanted(Part::People) {
        println!("{}", people::measure(&product, options.quick, background)?);
    }
    Ok(())
}
