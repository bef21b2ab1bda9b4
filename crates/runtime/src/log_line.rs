//! Log lines with what `tracing-subscriber` leaves out: the event's name, for searches and alerts, and in JSON the trace id.

use std::fmt;

use opentelemetry::trace::TraceContextExt as _;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Full, Json, Writer},
    },
    registry::LookupSpan,
};

/// In JSON, a line that begins with the event's `name` and `trace_id`, where it has them; in text, one that ends with its name, and has no
/// colours.
pub(crate) struct Named<F>(pub Format<F>);

impl<S, N> FormatEvent<S, N> for Named<Full>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    Format<Full>: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        for character in line.trim_end_matches('\n').chars() {
            // What came from outside begins no line of its own, and moves no cursor.
            if character.is_control() { write!(writer, "{}", character.escape_default())? } else { writer.write_char(character)? }
        }
        if let Some(name) = given_name(event.metadata()) {
            write!(writer, " name={name}")?;
        }
        writer.write_char('\n')
    }
}

impl<S, N> FormatEvent<S, N> for Named<Json>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    Format<Json>: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        writer.write_char('{')?;
        if let Some(name) = given_name(event.metadata()) {
            write!(writer, "\"name\":\"{name}\",")?;
        }
        let current = opentelemetry::Context::current();
        let span = current.span();
        if span.span_context().is_valid() {
            write!(writer, "\"trace_id\":\"{}\",", span.span_context().trace_id())?;
        }
        writer.write_str(line.strip_prefix('{').unwrap_or(&line))
    }
}

/// Names are `entity.event`; the default name of an event is its place in the source.
fn given_name(metadata: &Metadata<'static>) -> Option<&'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    Some(metadata.name()).filter(|name| name.bytes().all(is_plain))
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written_as_text(write: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let text = tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).with_target(false);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(text.map_event_format(Named)), write);
        let written = lines.0.lock().unwrap().clone();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn a_line_of_text_ends_with_the_name() {
        let written = written_as_text(|| {
            tracing::info!("nameless");
            tracing::info!(name: "case.opened", number = 7, "case opened");
        });
        let [nameless, named] = written.lines().collect::<Vec<_>>()[..] else { panic!("two lines: {written}") };
        assert!(nameless.ends_with("INFO nameless"), "{nameless}");
        assert!(named.ends_with("INFO case opened number=7 name=case.opened"), "{named}");
    }

    #[test]
    fn what_came_from_outside_forges_no_line_of_text() {
        let outside = "Els\r\n2026-11-30T09:00:00Z  INFO all is well\u{1b}[1A\u{85}";
        let written = written_as_text(|| tracing::warn!(name: "sign_in.refused", who = %outside, how = outside, "refused: {outside}"));
        let [line] = written.lines().collect::<Vec<_>>()[..] else { panic!("one line: {written}") };
        assert!(line.contains("who=Els\\r\\n2026") && line.ends_with("name=sign_in.refused"), "{line}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }

    #[test]
    fn a_line_says_what_happened_by_name_and_in_which_trace() {
        let lines = Lines::default();
        let writer = lines.clone();
        let json = tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).json().flatten_event(true);
        let tracer = SdkTracerProvider::builder().build().tracer("test");
        let subscriber =
            tracing_subscriber::registry().with(tracing_opentelemetry::layer().with_tracer(tracer)).with(json.map_event_format(Named));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("nameless");
            tracing::info_span!("request", http.route = "/cases")
                .in_scope(|| tracing::info!(name: "case.opened", number = 7, "case opened"));
        });
        let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let [nameless, named] = written.lines().collect::<Vec<_>>()[..] else { panic!("two lines: {written}") };
        assert!(nameless.starts_with("{\"timestamp\":"), "{nameless}");
        assert!(named.starts_with("{\"name\":\"case.opened\",\"trace_id\":\""), "{named}");
        assert!(named.contains("\"number\":7") && named.contains("/cases") && named.ends_with('}'), "{named}");
    }
}
