//! What `schildwacht send` is told.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::Args;

use super::batch::{Encoding, Protocol};
use crate::system::Where;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct SendOptions {
    /// File with events: JSON lines, a JSON array or JSON values, plain, gzip or zstd; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    /// Gateway to send as: its id. For a demo gateway also its school's number or short name (zandloper, merel …).
    #[arg(long, value_name = "ID")]
    pub gateway: String,
    /// File with the gateway's client secret, or set GATEWAY_SECRET. Not needed for demo gateways on this machine.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    #[command(flatten)]
    pub system: Where,
    /// Format of requests.
    #[arg(long, default_value = "json-lines")]
    pub protocol: Protocol,
    /// Compression of requests.
    #[arg(long, default_value = "zstd")]
    pub encoding: Encoding,
    /// Maximum number of events in a request.
    #[arg(long, value_name = "EVENTS", default_value = "500")]
    pub batch: NonZeroUsize,
    /// Number of concurrent requests.
    #[arg(long, value_name = "REQUESTS", default_value = "4")]
    pub in_flight: NonZeroUsize,
    /// Maximum number of retries of a request while the system is busy or unavailable.
    #[arg(long, value_name = "TIMES", default_value = "8")]
    pub retries: u32,
    /// Prints the result as JSON.
    #[arg(long)]
    pub json: bool,
}
