//! What `schildwacht send` is told.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::Args;
use url::Url;

use super::batch::{Encoding, Protocol};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct SendOptions {
    /// File with events: JSON lines, a JSON array or JSON values, plain, gzip or zstd; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    /// Gateway to send as: its id; for one of the demo also its school's number or short name (zandloper, merel …).
    #[arg(long, value_name = "ID")]
    pub gateway: String,
    /// File with the gateway's secret. Not needed for gateways of the demo on this machine; may also be given in GATEWAY_SECRET.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// Address of the ingest edge.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub at: Url,
    /// Address of the issuer of tokens; `<at>/issuer` when not given.
    #[arg(long, value_name = "URL")]
    pub issuer: Option<Url>,
    /// Data folder of the system, when it runs on this machine.
    #[arg(long, value_name = "FOLDER", default_value = "var")]
    pub data_dir: PathBuf,
    /// What requests look like.
    #[arg(long, default_value = "json-lines")]
    pub protocol: Protocol,
    /// How requests are compressed.
    #[arg(long, default_value = "zstd")]
    pub encoding: Encoding,
    /// Events in one request, at most.
    #[arg(long, value_name = "EVENTS", default_value = "500")]
    pub batch: NonZeroUsize,
    /// Requests under way at once.
    #[arg(long, value_name = "REQUESTS", default_value = "4")]
    pub in_flight: NonZeroUsize,
    /// How often a request is sent again when the system is busy or unavailable.
    #[arg(long, value_name = "TIMES", default_value = "8")]
    pub retries: u32,
    /// Prints the outcome as JSON.
    #[arg(long)]
    pub json: bool,
}
