//! OTLP over gRPC, spoken by the client that OpenTelemetry generates.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse, logs_service_client::LogsServiceClient,
};
use prost::Message as _;
use schildwacht_telemetry_ingest::Outcome;
use tonic::{
    Code, Request, Response, Status,
    codec::CompressionEncoding,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt as _;

use crate::{
    gate::{Gate, config},
    in_both_modes,
    sample::{event, events_of, request, request_of},
    unreliable_log::Mood,
};

fn client(gate: &Gate) -> LogsServiceClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", gate.doors.otlp_grpc_address)).unwrap();
    LogsServiceClient::new(endpoint.connect_lazy())
}

fn with_token(token: &str, message: ExportLogsServiceRequest) -> Request<ExportLogsServiceRequest> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

async fn export(gate: &Gate, message: ExportLogsServiceRequest) -> Result<Response<ExportLogsServiceResponse>, Status> {
    client(gate).export(with_token(&gate.token(), message)).await
}

in_both_modes! {
    async fn every_compression_is_understood_and_kept(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        for encoding in [None, Some(CompressionEncoding::Gzip), Some(CompressionEncoding::Zstd)] {
            let mut client = client(&gate);
            if let Some(encoding) = encoding {
                client = client.send_compressed(encoding);
            }
            let answer = client.export(with_token(&gate.token(), request(3))).await.unwrap().into_inner();
            assert_eq!(answer.partial_success, None);
        }
        let stored = gate.stored().await;
        let encodings: Vec<Option<&str>> = stored.iter().map(|record| record.header("content-encoding")).collect();
        assert_eq!(encodings, [None, Some("gzip"), Some("zstd")]);
        assert_eq!(stored[0].value.as_ref().unwrap(), &request(3).encode_to_vec());
        for record in &stored {
            assert_eq!(record.header("content-type"), Some("application/x-protobuf"));
            assert_eq!(events_of(record), [event(0), event(1), event(2)]);
        }
        assert_eq!(gate.events(Outcome::Accepted), 9);
    }

    async fn a_large_message_in_many_frames_is_cut_between_events(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        export(&gate, request(4_000)).await.unwrap();
        let seen: Vec<String> = gate.stored().await.iter().flat_map(events_of).collect();
        assert_eq!(seen, (0..4_000).map(event).collect::<Vec<_>>());
    }

    async fn events_that_can_never_be_taken_are_a_partial_success(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let too_large = "x".repeat(config().max_event_bytes + 1);
        let answer = export(&gate, request_of([event(0), too_large])).await.unwrap().into_inner();
        let partial = answer.partial_success.unwrap();
        assert_eq!(partial.rejected_log_records, 1);
        assert!(partial.error_message.contains("too large"), "{}", partial.error_message);
        assert_eq!(events_of(&gate.stored_one().await), [event(0)]);
    }

    async fn without_a_good_token_nobody_is_let_in(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let refused = client(&gate).export(Request::new(request(1))).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
        assert!(refused.message().contains("Bearer …"), "{}", refused.message());
        let refused = client(&gate).export(with_token("nonsense", request(1))).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
        let of_nobody = gate.token_of(gate.ids.next());
        let refused = client(&gate).export(with_token(&of_nobody, request(1))).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert!(gate.stored().await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_to_come_back_is_told_when() {
    let gate = Gate::open().await;
    for (mood, outcome) in [(Mood::Busy, Outcome::LogBusy), (Mood::Away, Outcome::LogUnavailable)] {
        gate.log.set_mood(mood);
        let refused = export(&gate, request(2)).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable);
        let retry = refused.get_details_retry_info().expect("RetryInfo");
        assert!(retry.retry_delay.unwrap() >= Duration::from_secs(1));
        assert_eq!((gate.requests(outcome), gate.events(outcome)), (1, 2));
    }
}

in_both_modes! {
    async fn who_sends_too_much_is_told_when_to_come_back(mode: Mode) {
        let mut config = config();
        config.gateway.events_per_second = 1;
        config.gateway.events_burst = 1;
        let gate = Gate::open_in(mode, config).await;
        export(&gate, request(60)).await.unwrap();
        let refused = export(&gate, request(1)).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "never RESOURCE_EXHAUSTED");
        let delay = refused.get_details_retry_info().unwrap().retry_delay.unwrap();
        assert!(Duration::from_secs(20) < delay && delay <= Duration::from_secs(60), "{delay:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_over_the_limit_is_never_to_be_sent_again() {
    let gate = Gate::open().await;
    let refused = export(&gate, request(7_000)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    assert!(refused.message().contains("smaller batches"), "{}", refused.message());
    assert!(refused.get_details_retry_info().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_method_is_unimplemented() {
    let gate = Gate::open().await;
    let endpoint = Endpoint::from_shared(format!("http://{}", gate.doors.otlp_grpc_address)).unwrap();
    let mut grpc = tonic::client::Grpc::new(endpoint.connect_lazy());
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<ExportLogsServiceRequest, ExportLogsServiceResponse>::default();
    let path = http::uri::PathAndQuery::from_static("/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    let refused = grpc.unary(Request::new(request(1)), path, codec).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
}

in_both_modes! {
    async fn many_requests_on_one_connection_are_each_stored_once(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let client = client(&gate);
        let requests = (0..200).map(|number| {
            let mut client = client.clone();
            let message = with_token(&gate.token(), request_of([event(number)]));
            async move { client.export(message).await }
        });
        let answers = futures::future::join_all(requests).await;
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!(gate.stored().await.len(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_compressed_as_a_whole_is_refused_with_what_to_do() {
    let gate = Gate::open().await;
    let message = request(1).encode_to_vec();
    let framed = [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), &message].concat();
    let url = format!("http://{}/opentelemetry.proto.collector.logs.v1.LogsService/Export", gate.doors.otlp_grpc_address);
    for content_encoding in [Some("gzip"), None] {
        let client = testkit::http_builder().http2_prior_knowledge().build().unwrap();
        let mut post =
            client.post(&url).bearer_auth(gate.token()).header("content-type", "application/grpc").body(crate::sample::gzip(&framed));
        if let Some(name) = content_encoding {
            post = post.header("content-encoding", name);
        }
        let response = post.send().await.unwrap();
        let said = crate::gate::header(&response, "grpc-message").unwrap_or_default().to_owned();
        assert!(said.contains("content-encoding"), "{content_encoding:?}: {said:?}");
    }
    assert_eq!(gate.events(Outcome::Accepted), 0);
}
