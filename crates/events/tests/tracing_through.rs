#![cfg(test)]
//! One trace from the change to what it led to. In a process of its own: what other tests do without a subscriber would switch its spans off.

use std::sync::Arc;

use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use testkit::{Store, TestDatabase};
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;

#[path = "delivery/world.rs"]
#[expect(dead_code, reason = "the other tests of delivery use the rest")]
mod world;

use world::{TestHandler, World};

/// On one thread, so that the subscriber of this test sees all of it and nothing else.
#[tokio::test(flavor = "current_thread")]
async fn the_trace_of_a_change_goes_on_in_its_consumer() {
    // With one dispatcher alone, tracing asks that of the thread which comes to a span first, and a thread without one switches it off.
    let _another = tracing::Dispatch::new(tracing_subscriber::registry());
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));

    let world = World::new(TestDatabase::new(Store::Sqlite).await.unwrap()).await;
    let handler: Arc<TestHandler> = Arc::default();
    let (relay, consumer) = (world.start_relay(), world.start_consumer(Arc::clone(&handler)));
    let span = tracing::info_span!("change");
    let trace_id = span.context().span().span_context().trace_id().to_string();
    async { world.commit_events(vec![world.event("key", "1")]).await }.instrument(span).await;
    world.until_rows("effect", 1).await;

    let traces = handler.traces.lock().unwrap().clone();
    assert_eq!(traces.len(), 1);
    assert!(traces[0].contains(&trace_id), "{} is not of trace {trace_id}", traces[0]);
    world.stop(&[relay, consumer]).await;
}
