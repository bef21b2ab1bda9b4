//! How many tokens are given and refused.

use opentelemetry::{KeyValue, metrics::Counter};

pub struct IssuerMetrics {
    tokens: Counter<u64>,
}

impl IssuerMetrics {
    pub fn new() -> Self {
        let meter = opentelemetry::global::meter(crate::outbound::NAME);
        let tokens = meter
            .u64_counter("token.requests")
            .with_description("requests for tokens at the development issuer, by outcome and by caller or reason")
            .build();
        Self { tokens }
    }

    pub fn issued(&self, caller: &'static str) {
        self.tokens.add(1, &[KeyValue::new("outcome", "issued"), KeyValue::new("caller", caller)]);
    }

    pub fn refused(&self, reason: &str) {
        self.tokens.add(1, &[KeyValue::new("outcome", "refused"), KeyValue::new("reason", reason.to_owned())]);
    }
}
