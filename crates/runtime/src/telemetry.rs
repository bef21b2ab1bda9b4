//! Logs, traces and metrics.
//!
//! Without configuration: lines on the terminal and Prometheus text on the admin port. With `otlp_endpoint`: also traces and
//! metrics to a collector. Trace context travels in `traceparent` (W3C), over HTTP, gRPC and the event log alike.

use std::{collections::HashMap, fmt, time::Duration};

use opentelemetry::{Context, propagation::TextMapPropagator as _, trace::TracerProvider as _};
use opentelemetry_otlp::{WithExportConfig as _, WithTonicConfig};
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use prometheus::TextEncoder;
use serde::Deserialize;
use tonic::transport::ClientTlsConfig;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{config::ConfigError, log_line::Named};

/// Time-out of the last export at shutdown, for traces and for metrics each.
const LAST_CHANCE: Duration = Duration::from_secs(5);

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line, for collectors; with the event's name and, where there is one, its trace.
    Json,
}

/// `[telemetry]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// How logs look.
    pub log_format: LogFormat,
    /// What is logged, in `tracing`'s filter language: `info,network_monitor=debug`.
    pub log_filter: String,
    /// Which spans are traced, in the same language.
    pub trace_filter: String,
    /// gRPC endpoint of a collector, `http://127.0.0.1:4317` or `https://…`; empty: none.
    pub otlp_endpoint: String,
    /// Sampling ratio of traces, 0..=1, decided where a trace begins.
    pub sample_ratio: f64,
}

/// Why telemetry could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not parse.
    #[error("telemetry.log_filter or telemetry.trace_filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The exporter does not take its settings.
    #[error("telemetry.otlp_endpoint: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The metrics reader does not start.
    #[error("telemetry: {0}")]
    Sdk(#[from] opentelemetry_sdk::error::OTelSdkError),
    /// Something else already listens to the process's logs.
    #[error("telemetry: {0}")]
    Subscriber(#[from] tracing_subscriber::util::TryInitError),
}

/// Keeps the exporters; hand it to [`Telemetry::shut_down`] at the end.
pub struct Telemetry {
    registry: prometheus::Registry,
    meters: SdkMeterProvider,
    tracers: Option<SdkTracerProvider>,
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Telemetry").field("traces", &self.tracers.is_some()).finish_non_exhaustive()
    }
}

impl TelemetryConfig {
    /// Refuses what cannot work.
    ///
    /// # Errors
    /// Names the key.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (key, filter) in [("telemetry.log_filter", &self.log_filter), ("telemetry.trace_filter", &self.trace_filter)] {
            EnvFilter::try_new(filter).map_err(|error| ConfigError::at(key, error))?;
        }
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            return Err(ConfigError::at("telemetry.sample_ratio", "give a share between 0 and 1"));
        }
        Ok(())
    }
}

impl Telemetry {
    /// Starts logs, metrics and, where configured, traces for this process.
    ///
    /// # Errors
    /// When a setting cannot be used.
    pub fn start(config: &TelemetryConfig, service_name: &str) -> Result<Self, TelemetryError> {
        let resource = Resource::builder()
            .with_service_name(service_name.to_owned())
            .with_attribute(opentelemetry::KeyValue::new(
                opentelemetry_semantic_conventions::resource::SERVICE_VERSION,
                env!("CARGO_PKG_VERSION"),
            ))
            .build();
        let registry = prometheus::Registry::new();
        let meters = meter_provider(config, resource.clone(), &registry)?;
        opentelemetry::global::set_meter_provider(meters.clone());
        let tracers = tracer_provider(config, resource)?;

        let filter = EnvFilter::try_new(&config.log_filter)?;
        let lines = match config.log_format {
            LogFormat::Text => {
                let text = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
                text.map_event_format(Named).boxed()
            }
            LogFormat::Json => {
                let json = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).json().flatten_event(true);
                json.map_event_format(Named).boxed()
            }
        };
        let traced = EnvFilter::try_new(&config.trace_filter)?;
        let spans =
            tracers.as_ref().map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("schildwacht")).with_filter(traced));
        tracing_subscriber::registry().with(spans).with(lines.with_filter(filter)).try_init()?;
        Ok(Self { registry, meters, tracers })
    }

    /// All metrics as Prometheus text (format 0.0.4).
    ///
    /// # Errors
    /// When a metric cannot be written as text.
    pub fn prometheus_text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// Flushes to the collector.
    pub fn shut_down(self) {
        let traces = self.tracers.map_or(Ok(()), |tracers| tracers.shutdown_with_timeout(LAST_CHANCE));
        let metrics = self.meters.shutdown_with_timeout(LAST_CHANCE);
        for error in [traces, metrics].into_iter().filter_map(Result::err) {
            tracing::warn!(name: "telemetry.flush_failed", error = %error, "last telemetry not sent");
        }
    }
}

fn meter_provider(
    config: &TelemetryConfig,
    resource: Resource,
    registry: &prometheus::Registry,
) -> Result<SdkMeterProvider, TelemetryError> {
    let prometheus = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build()?;
    let mut provider = SdkMeterProvider::builder().with_resource(resource).with_reader(prometheus);
    if !config.otlp_endpoint.is_empty() {
        let exporter = encrypted(config, opentelemetry_otlp::MetricExporter::builder().with_tonic());
        let exporter = exporter.with_endpoint(&config.otlp_endpoint).build()?;
        provider = provider.with_reader(PeriodicReader::builder(exporter).build());
    }
    Ok(provider.build())
}

fn tracer_provider(config: &TelemetryConfig, resource: Resource) -> Result<Option<SdkTracerProvider>, TelemetryError> {
    if config.otlp_endpoint.is_empty() {
        return Ok(None);
    }
    let exporter = encrypted(config, opentelemetry_otlp::SpanExporter::builder().with_tonic());
    let exporter = exporter.with_endpoint(&config.otlp_endpoint).build()?;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sample_ratio)));
    Ok(Some(SdkTracerProvider::builder().with_resource(resource).with_sampler(sampler).with_batch_exporter(exporter).build()))
}

/// Uses TLS with the system's certificates for an https endpoint; by default the exporter trusts none.
fn encrypted<B: WithTonicConfig>(config: &TelemetryConfig, exporter: B) -> B {
    let is_encrypted = config.otlp_endpoint.starts_with("https://");
    if is_encrypted { exporter.with_tls_config(ClientTlsConfig::new().with_native_roots()) } else { exporter }
}

/// Header names of the W3C trace context.
pub const TRACE_HEADERS: [&str; 2] = ["traceparent", "tracestate"];

/// The current span's trace context as headers; empty where nothing is traced.
pub fn current_trace_headers() -> HashMap<String, String> {
    let mut headers = HashMap::new();
    TraceContextPropagator::new().inject_context(&tracing::Span::current().context(), &mut headers);
    headers.retain(|_, value| !value.is_empty());
    headers
}

/// Makes a span the child of the trace context found in headers, if there is any.
pub fn continue_trace(span: &tracing::Span, header: impl Fn(&str) -> Option<String>) {
    let headers: HashMap<String, String> =
        TRACE_HEADERS.into_iter().filter_map(|name| header(name).map(|value| (name.to_owned(), value))).collect();
    if headers.is_empty() {
        return;
    }
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &headers);
    // Fails only where no OpenTelemetry layer is installed: then there is no trace to continue.
    let _untraced = span.set_parent(parent);
}
