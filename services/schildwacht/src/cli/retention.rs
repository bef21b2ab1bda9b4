//! The commands of `schildwacht retention`.

use chrono::{DateTime, Utc};
use clap::Subcommand;
use runtime::RequestId;
use storage::retention::{HoldId, Subject};

use super::access::Access;

#[derive(Debug, Subcommand)]
pub enum RetentionCommand {
    /// Counts what is past its period, table by table: how much, since when, what is on hold and what would go. Changes nothing.
    Plan {
        /// Only this service: identity, network-monitor or incident-intake.
        #[arg(long, value_name = "SERVICE", default_value = "", hide_default_value = true)]
        service: String,
        /// Prints one JSON object per line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        access: Access,
    },
    /// Removes now what is past its period and not on hold, as each service does every hour. Exit code 1 if some is left for the next run.
    Run {
        /// Only this service: identity, network-monitor or incident-intake.
        #[arg(long, value_name = "SERVICE", default_value = "", hide_default_value = true)]
        service: String,
        /// Prints one JSON object per line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        access: Access,
    },
    /// Lists what is on hold, the hold that ends first on top.
    Holds {
        /// Include those that are over.
        #[arg(long)]
        all: bool,
        /// Prints one JSON object per line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        access: Access,
    },
    /// Keeps a school, a case or a person although its period is over. With services in processes of their own: give it to each with --at.
    Hold {
        /// school:<id>, case:<id> or person:<id>.
        #[arg(value_name = "WHAT")]
        subject: Subject,
        /// By whose decision and why, in one line.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// When the hold ends, as 2027-06-30T00:00:00Z; five years ahead at most.
        #[arg(long, value_name = "MOMENT")]
        until: DateTime<Utc>,
        /// The id of an earlier try: the same again makes no second hold.
        #[arg(long, value_name = "ID")]
        request_id: Option<RequestId>,
        #[command(flatten)]
        access: Access,
    },
    /// Ends a hold before its time.
    Lift {
        /// Id from `retention holds`.
        hold: HoldId,
        #[command(flatten)]
        access: Access,
    },
}
