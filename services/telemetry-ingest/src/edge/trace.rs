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

    #[test]
    fn only_a_well_formed_traceparent_is_passed_on() {
        let mut headers = HeaderMap::new();
        assert_eq!(traceparent(&headers), None);
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        headers.insert(TRACEPARENT, good.parse().unwrap());
        assert_eq!(traceparent(&headers).unwrap(), good);
        for bad in
            ["", "00", "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"]
        {
            headers.insert(TRACEPARENT, bad.parse().unwrap());
            assert_eq!(traceparent(&headers), None, "{bad}");
        }
    }
}
