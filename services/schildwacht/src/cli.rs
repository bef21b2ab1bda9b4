//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use identity::issuer::client::COMMAND_LINE;
use runtime::{DeadLetterId, GatewayId};
use url::Url;

use crate::send::SendOptions;

/// Watches over the networks of schools: devices, alerts and cases.
///
/// Without a command it serves everything on this machine, with schools that do not exist to look around in.
#[derive(Debug, Parser)]
#[command(name = "schildwacht", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub serve: ServeOptions,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves everything, or one service.
    Serve {
        /// What to serve.
        #[arg(default_value = "all")]
        service: Service,
        #[command(flatten)]
        options: ServeOptions,
    },
    /// Posts a file of Suricata EVE or Zeek JSON as a school's gateway would.
    Send(SendOptions),
    /// Keeps the demo's schools alive on a system that runs on this machine, or prints what their sensors write.
    Demo(DemoOptions),
    /// Imports boards, schools and sites.
    Import(ImportOptions),
    /// The machines at schools that may post events.
    #[command(subcommand)]
    Gateways(GatewayCommand),
    /// What a service could not take in.
    #[command(subcommand)]
    DeadLetters(DeadLetterCommand),
    /// The record of who did what.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// What a process serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Service {
    /// Every service.
    All,
    /// Boards, schools, sites and gateways; on one machine also the issuer of tokens.
    Identity,
    /// Takes in what sensors send.
    TelemetryIngest,
    /// Devices and alerts.
    NetworkMonitor,
    /// The response team's cases.
    IncidentIntake,
    /// The web pages.
    Portal,
}

impl Service {
    /// The services themselves, in the order in which they start.
    const EACH: [Self; 5] = [Self::Identity, Self::TelemetryIngest, Self::NetworkMonitor, Self::IncidentIntake, Self::Portal];

    /// The name on the command line, in logs and in `service.name`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Identity => "identity",
            Self::TelemetryIngest => "telemetry-ingest",
            Self::NetworkMonitor => "network-monitor",
            Self::IncidentIntake => "incident-intake",
            Self::Portal => "portal",
        }
    }

    /// Which services this is.
    pub fn services(self) -> Vec<Self> {
        if self == Self::All { Self::EACH.to_vec() } else { vec![self] }
    }
}

#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// Folder for everything that is kept; one process at a time. The configuration's `data_dir` when not given, `./var` by default.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Configuration file; every key with its default is shown by `schildwacht config print`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address and port for gRPC, REST and pages, before those of the configuration.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Starts without the demo's schools.
    #[arg(long)]
    pub no_demo: bool,
}

/// Which running system to talk to, and as whom.
#[derive(Debug, Clone, Args)]
pub struct Access {
    /// Address of the running system.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub at: Url,
    /// Address of the issuer of tokens; `<at>/issuer` when not given.
    #[arg(long, value_name = "URL")]
    pub issuer: Option<Url>,
    /// Client id to act as.
    #[arg(long, value_name = "ID", default_value = COMMAND_LINE)]
    pub client_id: String,
    /// File with the client's secret; that of the local data folder when not given.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// Data folder of the system, when it runs on this machine.
    #[arg(long, value_name = "FOLDER", default_value = "var")]
    pub data_dir: PathBuf,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct DemoOptions {
    #[command(subcommand)]
    pub command: Option<DemoCommand>,
    /// Address of the ingest edge.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub at: Url,
    /// Address of the issuer of tokens; `<at>/issuer` when not given.
    #[arg(long, value_name = "URL")]
    pub issuer: Option<Url>,
    /// Data folder of the system.
    #[arg(long, value_name = "FOLDER", default_value = "var")]
    pub data_dir: PathBuf,
    /// The same seed gives the same devices and the same days.
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    pub seed: u64,
    /// Days of the past to fill in first.
    #[arg(long, value_name = "DAYS", default_value = "10")]
    pub history_days: u16,
}

#[derive(Debug, Subcommand)]
pub enum DemoCommand {
    /// Prints what a school's sensor writes in a span of time, one event a line: to feed an agent, or `send`.
    Print {
        /// Short name of the school: zandloper, sint-barbara, ter-leie, merel or hagelkruis.
        #[arg(long, value_name = "NAME")]
        school: String,
        /// Begin, such as 2026-11-24T08:00:00Z; when not given, so that it ends now.
        #[arg(long, value_name = "MOMENT")]
        from: Option<DateTime<Utc>>,
        /// Length in minutes.
        #[arg(long, value_name = "NUMBER", default_value = "60")]
        minutes: u32,
        /// The same seed gives the same events.
        #[arg(long, value_name = "NUMBER", default_value = "1")]
        seed: u64,
    },
}

#[derive(Debug, Args)]
pub struct ImportOptions {
    /// CSV (one line a site, the first line names the columns) or JSON (a list of boards with their schools and sites). Columns and
    /// an example: services/identity/README.md.
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    /// Checks the file and writes nothing.
    #[arg(long)]
    pub check: bool,
    /// Prints the report as JSON.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub access: Access,
}

#[derive(Debug, Subcommand)]
pub enum GatewayCommand {
    /// Lists gateways.
    List {
        /// Of one school only: its institution number, or its id.
        #[arg(long, value_name = "SCHOOL")]
        school: Option<String>,
        /// Those whose access was ended too.
        #[arg(long)]
        revoked: bool,
        /// Prints them as JSON, one a line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        access: Access,
    },
    /// Enrols a gateway for a school and prints its secret, once.
    Enrol {
        /// The school: its institution number, or its id.
        #[arg(long, value_name = "SCHOOL")]
        school: String,
        /// Where at the school, or what it is, for people.
        #[arg(long, value_name = "TEXT")]
        name: String,
        #[command(flatten)]
        access: Access,
    },
    /// Replaces a gateway's secret and prints the new one, once.
    Rotate {
        /// Its gateway id or client id, as `gateways list` and the portal show them.
        #[arg(value_parser = gateway)]
        gateway: GatewayId,
        #[command(flatten)]
        access: Access,
    },
    /// Ends a gateway's access. Works within seconds and cannot be undone.
    Revoke {
        /// Its gateway id or client id, as `gateways list` and the portal show them.
        #[arg(value_parser = gateway)]
        gateway: GatewayId,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        access: Access,
    },
}

/// People copy either: the portal shows client ids, the list gateway ids.
fn gateway(text: &str) -> Result<GatewayId, String> {
    text.strip_prefix("gateway-")
        .unwrap_or(text)
        .parse()
        .map_err(|_| "give a gateway id or a client id, as `gateways list` shows them".to_owned())
}

#[derive(Debug, Subcommand)]
pub enum DeadLetterCommand {
    /// Lists what a service could not take in, newest first.
    List {
        /// network-monitor or incident-intake.
        #[arg(long, value_name = "SERVICE")]
        service: String,
        /// Only with this reason.
        #[arg(long, value_name = "REASON")]
        reason: Option<String>,
        /// Prints them as JSON, one a line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        access: Access,
    },
    /// Shows one, with the beginning of what could not be taken in. Who asks is put on record.
    Show {
        /// network-monitor or incident-intake.
        #[arg(long, value_name = "SERVICE")]
        service: String,
        /// Which, from the list.
        id: DeadLetterId,
        /// Prints it as JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        access: Access,
    },
    /// Gives dead letters to their service again.
    Replay {
        /// network-monitor or incident-intake.
        #[arg(long, value_name = "SERVICE")]
        service: String,
        /// Only with this reason.
        #[arg(long, value_name = "REASON")]
        reason: Option<String>,
        /// Only these. Without any: all, or all with this reason.
        ids: Vec<DeadLetterId>,
        #[command(flatten)]
        access: Access,
    },
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Recomputes every chain of audit rows and names the first row that does not fit. The system may go on running.
    Verify(AuditOptions),
}

#[derive(Debug, Args)]
pub struct AuditOptions {
    /// Prints the verdicts as JSON, one a line.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub serve: ServeOptions,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Prints the commented configuration file with every default.
    Print,
    /// Says whether a configuration can be used, or what is wrong with it.
    Check {
        /// For what.
        #[arg(default_value = "all")]
        service: Service,
        #[command(flatten)]
        options: ServeOptions,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_gateway_is_found_by_either_of_its_ids() {
        let id = "0199c0de-0000-7000-8000-000000000001";
        assert!(gateway(id).is_ok());
        assert_eq!(gateway(id), gateway(&format!("gateway-{id}")));
        assert!(gateway("server room").unwrap_err().contains("gateways list"));
    }

    #[test]
    fn without_arguments_everything_is_served_with_the_demo() {
        let cli = Cli::try_parse_from(["schildwacht"]).unwrap();
        assert!(cli.command.is_none());
        assert!(!cli.serve.no_demo);
        let cli = Cli::try_parse_from(["schildwacht", "--data-dir", "/x", "--no-demo"]).unwrap();
        assert!(cli.command.is_none() && cli.serve.no_demo);
    }

    #[test]
    fn one_service_is_named_as_the_architecture_names_it() {
        for service in Service::EACH.into_iter().chain([Service::All]) {
            let parsed = Cli::try_parse_from(["schildwacht", "serve", service.name()]).unwrap();
            assert!(matches!(parsed.command, Some(Command::Serve { service: named, .. }) if named == service));
        }
        assert!(Cli::try_parse_from(["schildwacht", "serve", "kitchen"]).unwrap_err().to_string().contains("telemetry-ingest"));
    }
}
