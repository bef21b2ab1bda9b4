//! One trace from the sensor's request to what is told of it.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use testkit::{Store, TestDatabase};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::world::{TRACE_ID, World, alert};

/// The subscriber is that of the whole process: one for this thread alone would share its idea of what is of interest with
/// the tests that run beside it without any.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trace_of_a_request_goes_on_in_the_alert() {
    let provider = SdkTracerProvider::default();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    let database = TestDatabase::new(Store::Sqlite).await.unwrap();
    let world = World::start(&database).await;
    world.post(&alert("2026-09-24T09:40:00+0000", 100, 1, "10.0.0.5", "10.0.0.9")).await;
    let trace = world.alert_events(1).await.remove(0).0.trace;
    assert!(trace.iter().any(|(name, value)| name == "traceparent" && value.contains(TRACE_ID)), "{trace:?}");
}
