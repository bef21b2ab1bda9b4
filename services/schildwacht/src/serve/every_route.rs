//! Nobody can forget to authorise: every gRPC method and every route of the running product, listed from its descriptors and its router, refuses
//! a caller without credentials, unless it is in [`OPEN`] with the reason. The two OTLP ports have one path each and no router to list: the
//! tests of telemetry-ingest post to them without a token.

use std::collections::BTreeSet;

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
    response::Response,
};
use runtime::{Clock, Process, listener::Listener};
use tonic::{Code, Status};
use tower::ServiceExt as _;

use super::{configuration, data_dir::DataDir, front, grpc_front, mount::Mounts};
use crate::cli::{ServeOptions, Service};

/// Routes that answer anybody, with the reason.
const OPEN: &[(&str, &str)] = &[
    ("/aanmelden", "the sign-in itself"),
    ("/aanmelden/terug", "where the issuer sends a browser back to; it checks the state it is sent"),
    ("/afmelden", "signing out twice is harmless"),
    ("/afmelden/achtergrond", "where the issuer says that sessions ended: what counts is its signature"),
    ("/voorkeuren", "language and theme of the visitor"),
    ("/hulp", "information"),
    ("/privacy", "information, which the GDPR (art. 13) wants open"),
    ("/toegankelijkheid", "information, which the web accessibility directive wants open"),
    ("/grpc.health.v1.Health/{*rest}", "probes have no token"),
    ("/gateways/enrol", "a gateway gets its secret: what counts is its code"),
    ("/.well-known/schildwacht", "tells operators' commands where gRPC is"),
    ("/issuer/.well-known/openid-configuration", "the development issuer: discovery"),
    ("/issuer/jwks", "the development issuer: public keys"),
    ("/issuer/authorize", "the development issuer: begins a sign-in"),
    ("/issuer/authorize/continue", "the development issuer: ends a sign-in"),
    ("/issuer/personas", "the development issuer: whom one can sign in as"),
    ("/issuer/end-session", "the development issuer: signs out"),
    ("/issuer/revoke", "the development issuer: takes a refresh token back, from the client that has it"),
    ("/{*__private__axum_fallback}", "any other address: says that there is no such page"),
];

/// The product as `cargo run` starts it, without its listeners: its pages, and its gRPC.
async fn product() -> (Router, Router, Process, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = ServeOptions { data_dir: Some(folder.path().join("var")), config: None, listen: None, no_demo: false };
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
    let grpc = grpc_front(mounted.grpc, &process, &config.listen).unwrap();
    (front(mounted.pages, &config.listen), grpc, process, folder)
}

/// Paths as the router's own description lists them.
fn paths(router: &Router) -> BTreeSet<String> {
    let description = format!("{router:?}");
    let quoted = description.split('"').skip(1).step_by(2);
    quoted.filter(|text| text.starts_with('/')).map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn every_grpc_method_refuses_who_has_no_token() {
    let (_pages, router, process, _folder) = product().await;
    let methods = testkit::grpc_methods();
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

/// Whether the answer lets a stranger no further: to sign in, refused, or no such method.
fn is_refusal(answer: &Response) -> bool {
    let to_sign_in = answer.headers().get(header::LOCATION).is_some_and(|to| to.as_bytes().starts_with(b"/aanmelden"));
    let refused_call = Status::from_header_map(answer.headers()).is_some_and(|status| status.code() == Code::Unauthenticated);
    let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED];
    to_sign_in || refused_call || refused.contains(&answer.status())
}

#[tokio::test]
async fn every_route_refuses_a_stranger_or_is_known_to_be_open() {
    let (pages, grpc, process, _folder) = product().await;
    let (of_pages, mut of_grpc) = (paths(&pages), paths(&grpc));
    // The rest is the answer that there is no such method.
    of_grpc.retain(|path| path.contains(".v1."));
    assert!(of_pages.len() > 40 && of_grpc.len() > 5, "the routers list {} and {} routes", of_pages.len(), of_grpc.len());
    assert!(!of_pages.iter().any(|path| path.contains(".v1.")), "browsers reach gRPC: {of_pages:?}");
    let routes = of_pages.iter().map(|path| (&pages, path)).chain(of_grpc.iter().map(|path| (&grpc, path)));
    let mut not_refused = BTreeSet::new();
    for (router, path) in routes {
        let concrete = path.replace(['{', '}', '*'], "");
        let mut answers = Vec::new();
        for method in [Method::GET, Method::POST] {
            // As a form of ours would send it, so that no check of the form itself refuses first.
            let request = Request::builder().method(method).uri(&concrete).header(header::ORIGIN, "http://127.0.0.1:8080");
            let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::empty()).unwrap();
            answers.push(router.clone().oneshot(request).await.unwrap());
        }
        // "Not found" is no refusal: it comes after a look. But a page takes no form, and a form's address shows no page.
        answers.retain(|answer| answer.status() != StatusCode::NOT_FOUND);
        if answers.is_empty() || !answers.iter().all(is_refusal) {
            not_refused.insert(path.as_str());
        }
    }
    process.tasks.shutdown().request();
    let open: BTreeSet<&str> = OPEN.iter().map(|(path, _reason)| *path).collect();
    assert_eq!(not_refused, open, "a route answers a stranger, or one that should does not");
    let all = of_pages.len() + of_grpc.len();
    println!("{} of {all} routes refuse a stranger; {} are open, each for a reason", all - open.len(), open.len());
}
