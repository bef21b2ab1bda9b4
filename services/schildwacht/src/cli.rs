//! The command line.

mod access;
mod retention;

use std::{net::SocketAddr, path::PathBuf};

use chrono::{DateTime, Utc};
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum, error::ErrorKind};
use runtime::{DeadLetterId, GatewayId, SchoolId};
use strum::VariantArray as _;
use url::Url;

pub use access::Access;
pub use retention::RetentionCommand;

use crate::{send::SendOptions, system::Where};

/// Watches over the networks of schools: devices, alerts and cases.
///
/// Without a command it runs everything on this machine, with made-up demo schools.
#[derive(Debug, Parser)]
#[command(name = "schildwacht", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub serve: ServeOptions,
}

impl Cli {
    /// Gives a command the options that were given before it.
    ///
    /// # Errors
    /// When the command has no use for them: it would run otherwise than its caller thinks.
    pub fn settled(mut self) -> Result<Self, clap::Error> {
        let before = std::mem::take(&mut self.serve);
        match &mut self.command {
            None => self.serve = before,
            Some(
                Command::Serve { options, .. }
                | Command::Config(ConfigCommand::Check { options, .. })
                | Command::Audit(
                    AuditCommand::Verify(AuditOptions { serve: options, .. }) | AuditCommand::Accept(AcceptOptions { serve: options, .. }),
                ),
            ) => options.fill_in(before),
            Some(_) if before == ServeOptions::default() => {}
            Some(_) => {
                let advice = "--config, --data-dir, --listen and --no-demo before a command are for `serve`, `config check`, `audit verify` and `audit accept`; \
                              other commands ask a running system: see their --help";
                return Err(Self::command().error(ErrorKind::ArgumentConflict, advice));
            }
        }
        Ok(self)
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs everything, or one service.
    Serve {
        /// Service to run.
        #[arg(default_value = "all")]
        service: Service,
        #[command(flatten)]
        options: ServeOptions,
    },
    /// Posts a file of Suricata EVE or Zeek JSON, as a school's gateway does.
    Send(SendOptions),
    /// Sends events of the demo schools to a system on this machine, or prints them.
    Demo(DemoOptions),
    /// Imports boards, schools and sites.
    Import(ImportOptions),
    /// Lists schools: their numbers, ids and names.
    #[command(subcommand)]
    Schools(SchoolCommand),
    /// Lists, registers and revokes gateways: the devices at schools that may post events.
    #[command(subcommand)]
    Gateways(GatewayCommand),
    /// Inspect and replay messages a service could not process.
    #[command(subcommand)]
    DeadLetters(DeadLetterCommand),
    /// Shows and removes what was kept for long enough, and holds it back.
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// Checks the audit trail.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Prints or checks the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// What a process serves.
/// In the order in which they start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, strum::VariantArray)]
pub enum Service {
    /// Every service.
    All,
    /// Boards, schools, sites and gateways; in embedded mode also the token issuer.
    Identity,
    /// Receives what sensors send.
    TelemetryIngest,
    /// Devices and alerts.
    NetworkMonitor,
    /// The response team's cases.
    IncidentIntake,
    /// The web pages.
    Portal,
}

impl Service {
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
        let is_included = |service: &Self| *service != Self::All && (self == Self::All || self == *service);
        Self::VARIANTS.iter().copied().filter(is_included).collect()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct ServeOptions {
    /// Data folder, for one process at a time. Default: the configuration's `data_dir`, which is `./var`.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Configuration file. `schildwacht config print` shows every key with its default.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address and port for pages and REST; gRPC is on the port after it. Overrides the configuration.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Starts without the demo schools.
    #[arg(long)]
    pub no_demo: bool,
}

impl ServeOptions {
    /// What is not given here is as in the others.
    fn fill_in(&mut self, others: Self) {
        self.data_dir = self.data_dir.take().or(others.data_dir);
        self.config = self.config.take().or(others.config);
        self.listen = self.listen.or(others.listen);
        self.no_demo |= others.no_demo;
    }
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct DemoOptions {
    #[command(subcommand)]
    pub command: Option<DemoCommand>,
    #[command(flatten)]
    pub system: Where,
    /// Seed of the generator. The same seed gives the same devices and the same days.
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    pub seed: u64,
    /// Days of history to send first.
    #[arg(long, value_name = "DAYS", default_value = "10")]
    pub history_days: u16,
}

#[derive(Debug, Subcommand)]
pub enum DemoCommand {
    /// Prints the events of a school's sensor in a period, one per line, as input for an agent or `send`.
    Print {
        /// Short name of the school: zandloper, sint-barbara, ter-leie, merel or hagelkruis.
        #[arg(long, value_name = "NAME")]
        school: String,
        /// Start of the period, such as 2026-11-24T08:00:00Z. Default: the period ends now.
        #[arg(long, value_name = "MOMENT")]
        from: Option<DateTime<Utc>>,
        /// Length of the period in minutes.
        #[arg(long, value_name = "NUMBER", default_value = "60")]
        minutes: u32,
        /// Seed of the generator. The same seed gives the same events.
        #[arg(long, value_name = "NUMBER", default_value = "1")]
        seed: u64,
    },
}

#[derive(Debug, Args)]
pub struct ImportOptions {
    /// CSV (one line per site, the first line names the columns) or JSON (a list of boards with their schools and sites).
    /// Columns and an example: services/identity/README.md.
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
pub enum SchoolCommand {
    /// Lists schools by name.
    List {
        /// Only schools of which a name, a municipality or a number contains this.
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        query: String,
        /// Prints one JSON object per line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        access: Access,
    },
}

#[derive(Debug, Subcommand)]
pub enum GatewayCommand {
    /// Lists gateways.
    List {
        /// Only gateways of this school: its institution number or its id.
        #[arg(long, value_name = "SCHOOL")]
        school: Option<String>,
        /// Include revoked gateways.
        #[arg(long)]
        revoked: bool,
        /// Prints one JSON object per line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        access: Access,
    },
    /// Registers a gateway for a school and prints its client secret, once.
    #[command(visible_alias = "register")]
    Enrol {
        /// The school: its institution number or its id.
        #[arg(long, value_name = "SCHOOL")]
        school: String,
        /// A name people recognise, such as "server room".
        #[arg(long, value_name = "TEXT")]
        name: String,
        /// Prints a code by which the machine gets its secret itself, in place of the secret.
        #[arg(long)]
        code: bool,
        #[command(flatten)]
        access: Access,
    },
    /// Replaces a gateway's client secret and prints the new one, once.
    Rotate {
        /// Its gateway id or client id, as `gateways list` and the portal show them.
        #[arg(value_parser = gateway)]
        gateway: GatewayId,
        /// Prints a code by which the machine gets its new secret itself. The secret of now is good until then.
        #[arg(long)]
        code: bool,
        #[command(flatten)]
        access: Access,
    },
    /// Gets a gateway's client secret for a code, on the machine at the school.
    Redeem(RedeemOptions),
    /// Revokes a gateway. Takes effect within seconds and cannot be undone.
    Revoke {
        /// Its gateway id or client id, as `gateways list` and the portal show them.
        #[arg(value_parser = gateway)]
        gateway: GatewayId,
        /// The reason, for the audit trail.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        access: Access,
    },
}

#[derive(Debug, Args)]
pub struct RedeemOptions {
    /// The code, as `gateways enrol --code` and the portal show it. It works once, within 24 hours.
    pub code: String,
    /// URL of the platform's pages.
    #[arg(long, value_name = "URL")]
    pub url: Url,
    /// File for the secret and the addresses, as lines NAME=value. Only its owner may read it.
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Accepts http:// to another machine, because a mesh encrypts what leaves this process.
    #[arg(long)]
    pub mesh: bool,
}

/// Accepts both ids: the portal shows client ids, the list shows gateway ids.
fn gateway(text: &str) -> Result<GatewayId, String> {
    text.strip_prefix("gateway-")
        .unwrap_or(text)
        .parse()
        .map_err(|_| "give a gateway id or a client id, as `gateways list` shows them".to_owned())
}

#[derive(Debug, Subcommand)]
pub enum DeadLetterCommand {
    /// Lists messages a service could not process, newest first.
    List {
        /// network-monitor or incident-intake.
        #[arg(long, value_name = "SERVICE")]
        service: String,
        /// Only messages with this reason.
        #[arg(long, value_name = "REASON")]
        reason: Option<String>,
        /// Only messages of this school: its id, as `schildwacht schools list` has it.
        #[arg(long, value_name = "ID")]
        school: Option<SchoolId>,
        /// Prints one JSON object per line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        access: Access,
    },
    /// Shows one message with the beginning of its content. Every look is recorded in the audit trail.
    Show {
        /// network-monitor or incident-intake.
        #[arg(long, value_name = "SERVICE")]
        service: String,
        /// Id from `dead-letters list`.
        id: DeadLetterId,
        /// Prints it as JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        access: Access,
    },
    /// Sends dead letters back to be processed again.
    Replay {
        /// network-monitor or incident-intake.
        #[arg(long, value_name = "SERVICE")]
        service: String,
        /// Only messages with this reason.
        #[arg(long, value_name = "REASON")]
        reason: Option<String>,
        /// Ids from `dead-letters list`. Default: all, or all with the given reason.
        ids: Vec<DeadLetterId>,
        #[command(flatten)]
        access: Access,
    },
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Compares every audit chain with its checkpoints. Names what was changed, deleted, reordered or removed. Safe on a running system.
    Verify(AuditOptions),
    /// Says that a service's database was restored from a backup: signs which rows are gone with it, and why. Needs the signing key.
    Accept(AcceptOptions),
    /// Prints the public key of this process's checkpoints, as `audit.trusted_keys` takes it.
    Key(ServeOptions),
}

#[derive(Debug, Args)]
pub struct AuditOptions {
    /// Prints one JSON object per line.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub serve: ServeOptions,
}

#[derive(Debug, Args)]
pub struct AcceptOptions {
    /// Service whose database was restored.
    #[arg(long, value_name = "SERVICE")]
    pub service: Service,
    /// When the backup was begun that was restored, as 2026-11-28T02:00:00Z. Rows that checkpoints saw before it are not excused.
    #[arg(long, value_name = "MOMENT")]
    pub backup_of: DateTime<Utc>,
    /// By whose decision it was restored and why, in one line. It is signed and shown by `audit verify` from now on.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    #[command(flatten)]
    pub serve: ServeOptions,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Prints the commented configuration file with every default.
    Print,
    /// Checks whether a configuration can be used, and reports what is wrong with it.
    Check {
        /// Service to check.
        #[arg(default_value = "all")]
        service: Service,
        #[command(flatten)]
        options: ServeOptions,
    },
}

#[cfg(test)]
mod tests {
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
    fn options_may_stand_before_or_after_the_command_they_are_for() {
        let settled = |arguments: &[&str]| Cli::try_parse_from([&["schildwacht"][..], arguments].concat()).and_then(Cli::settled);
        let given = |arguments: &[&str]| match settled(arguments).unwrap().command {
            Some(
                Command::Serve { options, .. }
                | Command::Config(ConfigCommand::Check { options, .. })
                | Command::Audit(
                    AuditCommand::Verify(AuditOptions { serve: options, .. }) | AuditCommand::Accept(AcceptOptions { serve: options, .. }),
                ),
            ) => (options.config, options.data_dir, options.no_demo),
            other => panic!("{other:?}"),
        };
        let expected: (Option<PathBuf>, Option<PathBuf>, bool) = (Some("/c".into()), Some("/d".into()), true);
        let accept = &["audit", "accept", "--service", "identity", "--backup-of", "2026-11-28T02:00:00Z", "--reason", "backup"];
        for command in [&["serve", "all"][..], &["config", "check"], &["audit", "verify"], accept] {
            let options = ["--config", "/c", "--data-dir", "/d", "--no-demo"];
            assert_eq!(given(&[&options[..], command].concat()), expected, "before {command:?}");
            assert_eq!(given(&[command, &options[..]].concat()), expected, "after {command:?}");
        }
        assert_eq!(
            given(&["--config", "/other", "--no-demo", "serve", "--config", "/c", "--data-dir", "/d"]),
            expected,
            "the nearer one counts"
        );
        let alone = settled(&["--config", "/c"]).unwrap();
        assert!(alone.command.is_none() && alone.serve.config.is_some());
        let of_no_use = settled(&["--config", "/c", "gateways", "list"]).unwrap_err();
        assert!(of_no_use.to_string().contains("ask a running system"), "{of_no_use}");
    }

    #[test]
    fn one_service_is_named_as_the_architecture_names_it() {
        for service in Service::VARIANTS.iter().copied() {
            let parsed = Cli::try_parse_from(["schildwacht", "serve", service.name()]).unwrap();
            assert!(matches!(parsed.command, Some(Command::Serve { service: named, .. }) if named == service));
        }
        assert!(Cli::try_parse_from(["schildwacht", "serve", "kitchen"]).unwrap_err().to_string().contains("telemetry-ingest"));
    }
}
