//! `schildwacht`: every service in one process, one service in a process of its own, and the commands around them.

mod access;
mod cli;
mod demo;
mod operate;
#[cfg(test)]
mod same_events;
mod send;
mod serve;
mod system;

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Parser as _;
use cli::{AuditCommand, Cli, Command, ConfigCommand, DemoCommand, DemoOptions, Service};
use operate::{say, say_json};
use runtime::{Clock, Tasks};
use send::SendOptions;

/// How long blocking threads may take to end after everything else has.
const LAST_CHANCE: Duration = Duration::from_secs(5);

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse().settled().unwrap_or_else(|error| error.exit());
    runtime::install_tls_provider();
    let outcome = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Into::into).and_then(|tokio| {
        let outcome = tokio.block_on(run(cli));
        // A thread that waits for an unavailable server must not keep the process alive.
        tokio.shutdown_timeout(LAST_CHANCE);
        outcome
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // A failed write to standard error leaves nothing to do.
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("schildwacht: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

/// Runs a command; `false` when not all went well.
async fn run(cli: Cli) -> Result<bool> {
    match cli.command {
        None => serve::serve(Service::All, &cli.serve).await.map(|()| true),
        Some(Command::Serve { service, options }) => serve::serve(service, &options).await.map(|()| true),
        Some(Command::Config(ConfigCommand::Check { service, options })) => {
            serve::configuration(service, &options)?;
            say("this configuration can be used").map(|()| true)
        }
        Some(Command::Config(ConfigCommand::Print)) => say(serve::config::DEFAULTS.trim_end()).map(|()| true),
        Some(Command::Audit(AuditCommand::Verify(options))) => operate::verify_audit(&options).await,
        Some(Command::Audit(AuditCommand::Accept(options))) => operate::accept_restore(&options).await.map(|()| true),
        Some(Command::Audit(AuditCommand::Key(options))) => operate::audit_key(&options).map(|()| true),
        Some(Command::Send(options)) => send(&options).await,
        Some(Command::Demo(options)) => demo(options).await.map(|()| true),
        Some(Command::Import(options)) => operate::import(&options).await,
        Some(Command::Schools(command)) => operate::schools(command).await.map(|()| true),
        Some(Command::Gateways(command)) => operate::gateways(command).await.map(|()| true),
        Some(Command::DeadLetters(command)) => operate::dead_letters(command).await,
        Some(Command::Retention(command)) => operate::retention(command).await,
    }
}

async fn send(options: &SendOptions) -> Result<bool> {
    let summary = send::send(options, access::of_gateway(options)?, Clock::system()).await?;
    if options.json {
        say_json(&summary)?
    } else {
        say(&summary)?
    }
    Ok(summary.all_accepted())
}

async fn demo(options: DemoOptions) -> Result<()> {
    let clock = Clock::system();
    if let Some(DemoCommand::Print { school, from, minutes, seed }) = options.command {
        // What a sensor wrote lies in the past.
        let from = from.unwrap_or_else(|| clock.now() - chrono::TimeDelta::minutes(minutes.into()));
        let events = demo::sample(&school, seed, from, minutes)?;
        return events.iter().try_for_each(|event| say(&event.line));
    }
    let issuer = access::issuer(&options.system)?;
    let plan = demo::sensors::Plan { at: options.system.at, issuer, seed: options.seed, history_days: options.history_days };
    let gateways = demo::sensors::gateways(&options.system.data_dir)?;
    let shutdown = Tasks::new().shutdown();
    let stop = async {
        runtime::tasks::stop_signal().await?;
        shutdown.request();
        anyhow::Ok(())
    };
    futures::try_join!(demo::sensors::run(&plan, gateways, &clock, &shutdown), stop)?;
    Ok(())
}
