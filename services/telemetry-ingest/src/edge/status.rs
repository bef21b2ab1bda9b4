//! The few messages that answers are made of.

use std::time::Duration;

use prost::Message as _;
use serde_json::json;

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Status {
    #[prost(int32, tag = "1")]
    pub code: i32,
    #[prost(string, tag = "2")]
    pub message: String,
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<prost_types::Any>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, prost::Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<prost_types::Duration>,
}

/// `ExportLogsServiceResponse`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    pub partial_success: Option<PartialSuccess>,
}

/// `ExportLogsPartialSuccess`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PartialSuccess {
    #[prost(int64, tag = "1")]
    pub rejected_log_records: i64,
    #[prost(string, tag = "2")]
    pub error_message: String,
}

impl Status {
    pub fn new(code: i32, message: &str, retry_after: Option<Duration>) -> Self {
        let details = retry_after.map(|wait| {
            let retry_delay = prost_types::Duration {
                seconds: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
                nanos: i32::try_from(wait.subsec_nanos()).unwrap_or_default(),
            };
            prost_types::Any { type_url: RETRY_INFO.to_owned(), value: RetryInfo { retry_delay: Some(retry_delay) }.encode_to_vec() }
        });
        Self { code, message: message.to_owned(), details: details.into_iter().collect() }
    }
}

/// `google.rpc.Status` in protobuf's JSON.
pub(super) fn status_json(code: i32, message: &str, retry_after: Option<Duration>) -> serde_json::Value {
    match retry_after {
        None => json!({ "code": code, "message": message }),
        Some(wait) => {
            let delay = format!("{}.{:03}s", wait.as_secs(), wait.subsec_millis());
            json!({ "code": code, "message": message, "details": [{ "@type": RETRY_INFO, "retryDelay": delay }] })
        }
    }
}
