//! The checkpoints of a service's audit trail: every few minutes, and once more when the process stops.

use std::{convert::Infallible, sync::Arc, time::Duration};

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge},
};
use runtime::{Process, error::chain};
use storage::audit::Checkpoints;

/// At a stop nothing waits longer for a place that does not answer; the next start makes up for it.
const LAST_CHANCE: Duration = Duration::from_secs(5);

/// Keeps checkpoints of one database.
#[derive(Debug, Clone)]
pub struct KeepCheckpoints {
    checkpoints: Arc<Checkpoints>,
    made: Counter<u64>,
    contradicted: Gauge<u64>,
}

impl KeepCheckpoints {
    pub fn of(checkpoints: Checkpoints) -> Self {
        let meter = opentelemetry::global::meter("schildwacht.audit");
        Self {
            checkpoints: Arc::new(checkpoints),
            made: meter.u64_counter("audit.checkpoints").with_description("checkpoints of audit trails, by what came of them").build(),
            contradicted: meter
                .u64_gauge("audit.contradicted")
                .with_unit("{chain}")
                .with_description("audit chains that are not what a checkpoint saw; above 0 somebody changed the audit trail")
                .build(),
        }
    }

    /// Makes one at once and then once a period, until the process stops.
    pub fn start(&self, process: &Process, period: Duration) {
        let (this, shutdown) = (self.clone(), process.tasks.shutdown());
        process.tasks.spawn(format!("{}.checkpoints", self.checkpoints.service()), async move {
            while !shutdown.is_requested() {
                this.make().await;
                shutdown.sleep(period).await;
            }
            Ok::<_, Infallible>(())
        });
    }

    /// The last of a process, when nothing writes any more.
    pub async fn make_last(&self) {
        if tokio::time::timeout(LAST_CHANCE, self.make()).await.is_err() {
            self.failed("no answer in time");
        }
    }

    async fn make(&self) {
        let service = self.checkpoints.service();
        match self.checkpoints.make().await {
            Ok(made) => {
                self.made.add(made.checkpoints, &[KeyValue::new("service", service), KeyValue::new("outcome", "made")]);
                let contradicted = made.contradicted.len() as u64;
                self.contradicted.record(contradicted, &[KeyValue::new("service", service)]);
            }
            Err(error) => self.failed(&chain(&error)),
        }
    }

    fn failed(&self, error: &str) {
        let service = self.checkpoints.service();
        self.made.add(1, &[KeyValue::new("service", service), KeyValue::new("outcome", "failed")]);
        tracing::error!(name: "audit.checkpoint_failed", service, error, "no checkpoint of the audit trail, will retry");
    }
}
