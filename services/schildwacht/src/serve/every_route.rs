//! Nobody can forget to authorise: every gRPC method and every route of the running product, listed from its descriptors and its router, refuses
//! a caller without credentials, unless it stands in [`OPEN`] with the reason.

use std::collections::BTreeSet;

use axum::{
    Router,
    body::Body,
    http::{Method, Request, header},
};
use prost::Message as _;
use prost_types::FileDescriptorSet;
use runtime::{Clock, Process, listener::Listener};
use tonic::{Code, Status};
use tower::ServiceExt as _;

use super::{configuration, data_dir::DataDir, front, mount::Mounts};
use crate::cli::{ServeOptions, Service};

/// Routes that answer anybody: exactly these paths.
const OPEN: &[(&str, &str)] = &[("/", "leads to the sign-in or home")];

/// The product as `cargo run` starts it, without its listeners.
async fn product() -> (Router, Process, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = ServeOptions { data_dir: Some(folder.path().to_owned()), config: None, listen: None, no_demo: false };
    let mut config = configuration(Service::All, &options).unwrap();
    for address in [&mut config.telemetry_ingest.otlp_grpc_listen, &mut config.telemetry_ingest.otlp_http_listen] {
        address.set_port(0);
    }
    runtime::install_tls_provider();
    let data_dir = DataDir::take(&config.data_dir).unwrap();
    let log = config.events.open(data_dir.path()).await.unwrap();
    let process = Process::new(Clock::system());
    let main = Listener::bind("test", ([127, 0, 0, 1], 0).into()).await.unwrap();
    let sensors = Some(telemetry_ingest::Ports::bind(&config.telemetry_ingest).await.unwrap());
    let mounts = Mounts { config: &config, process: &process, log, data_dir: data_dir.path(), listen: main.address(), sensors };
    let mounted = mounts.mount(Service::All).await.unwrap();
    (front(mounted.router, &process).unwrap(), process, folder)
}

fn grpc_methods() -> Vec<String> {
    let descriptors = FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET).unwrap();
    let files = descriptors.file.iter().flat_map(|file| file.service.iter().map(move |service| (file.package(), service)));
    files
        .flat_map(|(package, service)| service.method.iter().map(move |method| format!("/{package}.{}/{}", service.name(), method.name())))
        .collect()
}

/// Paths as the router's own description lists them.
fn paths(router: &Router) -> BTreeSet<String> {
    let description = format!("{router:?}");
    let quoted = description.split('"').skip(1).step_by(2);
    quoted.filter(|text| text.starts_with('/')).map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn every_grpc_method_refuses_who_has_no_token() {
    let (router, process, _folder) = product().await;
    let methods = grpc_methods();
    assert!(methods.len() > 25, "the descriptors list {} methods", methods.len());
    for method in &methods {
        let request = Request::post(method).header(header::CONTENT_TYPE, "application/grpc").body(Body::from(vec![0; 5])).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        let status = Status::from_header_map(answer.headers()).unwrap_or_else(|| panic!("{method} answered {}", answer.status()));
        assert_eq!(status.code(), Code::Unauthenticated, "{method}: {status}");
    }
    println!("{} gRPC methods refuse a caller without a token", methods.len());
    process.tasks.shutdown().request();
}

#[tokio::test]
async fn every_route_refuses_a_stranger_or_is_known_to_be_open() {
    let (router, process, _folder) = product().await;
    let mut answers = Vec::new();
    for path in paths(&router) {
        let concrete = path.replace("{*rest}", "Method").replace(['{', '}', '*'], "");
        for method in [Method::GET, Method::POST] {
            let request = Request::builder().method(method.clone()).uri(&concrete).body(Body::empty()).unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            let location = answer.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
            let grpc = Status::from_header_map(answer.headers()).map(|status| format!("{:?}", status.code())).unwrap_or_default();
            answers.push(format!("{method} {path}: {} {location}{grpc}", answer.status()));
        }
    }
    process.tasks.shutdown().request();
    panic!("{}", answers.join("\n"));
}
