//! The trace a request belongs to.
//!
//! The span is at debug level: without traces configured it costs nothing, and the request's own `traceparent` goes into the
//! record as it came. On the main port there is a span already.

use bytes::Bytes;
use http::HeaderMap;
use runtime::telemetry::{continue_trace, current_trace_headers};
use tracing::Span;

const TRACEPARENT: &str = "traceparent";

/// A span for a request, child of the sender's where it names one.
pub(super) fn span(headers: &HeaderMap) -> Span {
    if !Span::current().is_disabled() {
        return Span::none();
    }
    let span = tracing::debug_span!("telemetry.receive", otel.kind = "server");
    if !span.is_disabled() {
        continue_trace(&span, |name| headers.get(name)?.to_str().ok().map(str::to_owned));
    }
    span
}

/// What goes into the record.
pub(super) fn traceparent(headers: &HeaderMap) -> Option<Bytes> {
    if !Span::current().is_disabled()
        && let Some(own) = current_trace_headers().remove(TRACEPARENT)
    {
        return Some(Bytes::from(own));
    }
    let given = headers.get(TRACEPARENT)?.as_bytes();
    is_traceparent(given).then(|| Bytes::copy_from_slice(given))
}

/// `00-<32 hex>-<16 hex>-<2 hex>` (W3C Trace Context), later versions included.
fn is_traceparent(text: &[u8]) -> bool {
    const DASHES: [usize; 3] = [2, 35, 52];
    const LENGTH: usize = 55;
    let shaped = |(at, byte): (usize, &u8)| match DASHES.contains(&at) {
        true => *byte == b'-',
        false => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
    };
    text.len() == LENGTH && text.iter().enumerate().all(shaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn headers(traceparent: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(TRACEPARENT), traceparent.parse().unwrap())])
    }

    #[test]
    fn where_traces_are_kept_the_record_continues_the_senders_trace_under_our_span() {
        use opentelemetry::trace::TracerProvider as _;
        use tracing_subscriber::layer::SubscriberExt as _;

        let tracer = opentelemetry_sdk::trace::SdkTracerProvider::builder().build().tracer("test");
        let traced = tracing_subscriber::registry().with(tracing_opentelemetry::layer().with_tracer(tracer));
        tracing::subscriber::with_default(traced, || {
            let given = headers(GIVEN);
            let span = span(&given);
            let passed_on = span.in_scope(|| traceparent(&given)).unwrap();
            assert_eq!(passed_on[..35], *b"00-0af7651916cd43dd8448eb211c80319c");
            assert_ne!(passed_on, GIVEN, "with the id of our span");

            let without = HeaderMap::new();
            let begun = super::span(&without).in_scope(|| traceparent(&without)).unwrap();
            assert!(is_traceparent(&begun), "a trace begins here where the sender has none");
        });
    }

    #[test]
    fn only_a_well_formed_traceparent_is_passed_on() {
        assert_eq!(traceparent(&HeaderMap::new()), None);
        assert_eq!(traceparent(&headers(GIVEN)).unwrap(), GIVEN);
        for bad in
            ["", "00", "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"]
        {
            assert_eq!(traceparent(&headers(bad)), None, "{bad}");
        }
    }
}
