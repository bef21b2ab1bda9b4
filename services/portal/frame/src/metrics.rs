//! What operators can see of the portal beyond requests and their durations, which `runtime::observe` counts.

use std::sync::LazyLock;

use opentelemetry::{
    KeyValue,
    metrics::{Counter, UpDownCounter},
};

struct Instruments {
    sign_ins: Counter<u64>,
    failed_pages: Counter<u64>,
    streams: UpDownCounter<i64>,
}

static INSTRUMENTS: LazyLock<Instruments> = LazyLock::new(|| {
    let meter = opentelemetry::global::meter(crate::NAME);
    Instruments {
        sign_ins: meter.u64_counter("portal.sign_in").with_unit("{sign_in}").with_description("sign-ins by how they ended").build(),
        failed_pages: meter.u64_counter("portal.page.failed").with_unit("{page}").with_description("pages that failed on our side").build(),
        streams: meter.i64_up_down_counter("portal.stream.open").with_unit("{stream}").with_description("queues watched live").build(),
    }
});

/// Counts a sign-in: `succeeded`, `expired`, `refused`, `unreachable`, `no_function`.
pub fn sign_in_ended(outcome: &'static str) {
    INSTRUMENTS.sign_ins.add(1, &[KeyValue::new("outcome", outcome)]);
}

/// Counts a page that could not be shown: `away`, `garbled`, `bug`.
pub fn page_failed(fault: &'static str) {
    INSTRUMENTS.failed_pages.add(1, &[KeyValue::new("fault", fault)]);
}

/// Counts a live queue for as long as it is held.
pub struct OpenStream(());

impl OpenStream {
    pub fn begin() -> Self {
        INSTRUMENTS.streams.add(1, &[]);
        Self(())
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        INSTRUMENTS.streams.add(-1, &[]);
    }
}
