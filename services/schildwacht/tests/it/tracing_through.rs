//! One trace leads from the sensor's request to the case, and to a collector by TLS where that has an https address.

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::any_value::Value as AnyValue,
    trace::v1::Span,
};
use runtime::Tasks;
use testkit::{Running, eventually, http_client};
use tonic::{
    Request, Response, Status,
    service::Routes,
    transport::{Identity, Server, ServerTlsConfig, server::TcpIncoming},
};

use crate::{eve, site::Site, town::Town};

/// A certificate for 127.0.0.1, its key and who signed it: those of the portal's tests.
const CERTIFICATE: &str = include_str!("../../../portal/tests/it/support/tls/server.pem");
const KEY: &str = include_str!("../../../portal/tests/it/support/tls/server.key.pem");
const CA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../portal/tests/it/support/tls/ca.pem");

/// A collector that keeps the spans it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans;
        let spans = resources.into_iter().flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans);
        self.0.lock().unwrap().extend(spans);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    fn spans_of(&self, trace: &[u8]) -> Vec<Span> {
        self.0.lock().unwrap().iter().filter(|span| span.trace_id == trace).cloned().collect()
    }
}

fn attribute<'a>(span: &'a Span, name: &str) -> Option<&'a str> {
    let value = span.attributes.iter().find(|attribute| attribute.key == name)?.value.as_ref()?.value.as_ref()?;
    match value {
        AnyValue::StringValue(text) => Some(text),
        _ => None,
    }
}

/// Whether a span stems from another, directly or by way of others.
fn stems_from(span: &Span, ancestor: &[u8], all: &[Span]) -> bool {
    span.parent_span_id == ancestor
        || all.iter().find(|other| other.span_id == span.parent_span_id).is_some_and(|parent| stems_from(parent, ancestor, all))
}

#[tokio::test]
async fn one_trace_leads_from_the_sensors_request_to_the_case() {
    let collector = Collector::default();
    let routes = Routes::new(TraceServiceServer::new(collector.clone())).into_axum_router();
    let collecting = Running::start(routes).await;
    let site = Site::new()
        .with("SCHILDWACHT_TELEMETRY__OTLP_ENDPOINT", collecting.url())
        // The exporter's own setting, by its specification; in milliseconds.
        .with("OTEL_BSP_SCHEDULE_DELAY", "200");
    let town = Town::open_on(site).await;
    let school = town.school("990104").await;
    let on_the_main_port = town.sensor(&school).await;
    let on_the_sensors_port = on_the_main_port.at(town.site.otlp_http_url("/v1/events"));

    for (number, sensor) in [(1_u8, on_the_main_port), (2, on_the_sensors_port)] {
        let (trace, sender) = ([number; 16], [number; 8]);
        let traceparent = format!("00-{}-{}-01", hex(&trace), hex(&sender));
        let event = eve::contact_with_malware(eve::just_now(), 2_000_200 + u32::from(number), "10.20.4.37");
        let answer = sensor.request().header("traceparent", traceparent).body(format!("{event}\n")).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");

        let consumed_by = |spans: &[Span], consumer: &str| spans.iter().find(|span| attribute(span, "consumer") == Some(consumer)).cloned();
        let (spans, monitor, intake) = eventually("spans of every step", async || {
            let spans = collector.spans_of(&trace);
            let (monitor, intake) = (consumed_by(&spans, "network-monitor")?, consumed_by(&spans, "incident-intake")?);
            spans.iter().any(|span| span.parent_span_id == sender).then_some((spans, monitor, intake))
        })
        .await;
        let received = spans.iter().find(|span| span.parent_span_id == sender).unwrap();
        assert!(stems_from(&monitor, &received.span_id, &spans), "the monitor goes on where ingest left off: {spans:#?}");
        assert!(stems_from(&intake, &monitor.span_id, &spans), "and the case where the monitor did: {spans:#?}");
    }
}

#[tokio::test]
async fn a_collector_at_an_https_address_gets_traces_over_tls_if_the_system_trusts_it() {
    runtime::install_tls_provider();
    let collector = Collector::default();
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("https://{}", incoming.local_addr().unwrap());
    let tls = ServerTlsConfig::new().identity(Identity::from_pem(CERTIFICATE, KEY));
    let mut server = Server::builder().tls_config(tls).unwrap();
    let tasks = Tasks::new();
    let stop = tasks.shutdown();
    let collecting = server.add_service(TraceServiceServer::new(collector.clone()));
    tasks.spawn("collector", collecting.serve_with_incoming_shutdown(incoming, async move { stop.requested().await }));

    let site = |name: &str, value: &str| {
        Site::new().with("SCHILDWACHT_TELEMETRY__OTLP_ENDPOINT", &url).with("OTEL_BSP_SCHEDULE_DELAY", "200").with(name, value)
    };
    // What the system trusts, as OpenSSL and rustls let one say it.
    let (trusting, wary) = (site("SSL_CERT_FILE", CA_FILE), site("NOBODY", "else"));
    let (_one, _other) = tokio::join!(trusting.serve(), wary.serve());
    let traced = |number: u8| {
        let traceparent = format!("00-{}-{}-01", hex(&[number; 16]), hex(&[number; 8]));
        http_client().get(if number == 1 { trusting.url("/hulp") } else { wary.url("/hulp") }).header("traceparent", traceparent).send()
    };
    traced(2).await.unwrap();
    eventually("a span of the one that trusts the collector", async || {
        traced(1).await.unwrap();
        (!collector.spans_of(&[1; 16]).is_empty()).then_some(())
    })
    .await;
    assert_eq!(collector.spans_of(&[2; 16]).len(), 0, "a certificate that nobody vouches for is not believed");
    tasks.shutdown().request();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
