//! What stands before the services in production, where it is an ingress: one address, and behind it the replicas of each service.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{StatusCode, Uri, Version, uri::PathAndQuery},
    response::{IntoResponse, Response},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use testkit::Running;

use crate::estate::Name;

const BODY_AT_MOST: usize = 64 << 20;

/// A load balancer in front of the replicas.
pub struct Front {
    address: SocketAddr,
    replicas: Arc<Replicas>,
    // On an event loop of its own, as tests that share it end at different times; dropping this ends it.
    _running: SyncSender<()>,
}

struct Replicas {
    ready: Mutex<Vec<(Name, SocketAddr)>>,
    turn: AtomicUsize,
    http1: Client<HttpConnector, Body>,
    http2: Client<HttpConnector, Body>,
}

impl Front {
    pub fn open() -> Self {
        let mut http2 = Client::builder(TokioExecutor::new());
        let replicas = Arc::new(Replicas {
            ready: Mutex::default(),
            turn: AtomicUsize::new(0),
            http1: Client::builder(TokioExecutor::new()).build_http(),
            http2: http2.http2_only(true).build_http(),
        });
        let router = Router::new().fallback(forward).with_state(Arc::clone(&replicas));
        let (started, address) = sync_channel(1);
        let (running, ends) = sync_channel::<()>(0);
        std::thread::spawn(move || {
            let event_loop = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let server = event_loop.block_on(Running::start(router));
            started.send(server.address()).unwrap();
            // Fails when the front is dropped.
            let _dropped = ends.recv();
        });
        Self { address: address.recv().unwrap(), replicas, _running: running }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on a replica gets requests.
    pub fn add(&self, name: Name, address: SocketAddr) {
        self.replicas.ready.lock().unwrap().push((name, address));
    }

    /// From now on it gets none; those under way go on.
    pub fn remove(&self, address: SocketAddr) {
        self.replicas.ready.lock().unwrap().retain(|(_, ready)| *ready != address);
    }
}

/// Sends a request to the replicas of its service in turn, and to the next when one does not accept the connection.
async fn forward(State(replicas): State<Arc<Replicas>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_AT_MOST).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let name = Name::of_path(head.uri.path());
    let ready: Vec<SocketAddr> = replicas.ready.lock().unwrap().iter().filter(|(of, _)| *of == name).map(|(_, address)| *address).collect();
    let first = replicas.turn.fetch_add(1, Ordering::Relaxed);
    for turn in 0..ready.len() {
        let address = ready[(first + turn) % ready.len()];
        let client = if head.version == Version::HTTP_2 { &replicas.http2 } else { &replicas.http1 };
        match client.request(addressed(&head, address, body.clone())).await {
            Ok(answer) => return answer.map(Body::new),
            Err(error) if error.is_connect() => {}
            Err(error) => return (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
        }
    }
    (StatusCode::BAD_GATEWAY, format!("no replica of {name:?} accepts connections")).into_response()
}

fn addressed(head: &axum::http::request::Parts, address: SocketAddr, body: Bytes) -> axum::http::Request<Body> {
    let path = head.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let uri: Uri = format!("http://{address}{path}").parse().unwrap();
    let mut request =
        axum::http::Request::builder().method(head.method.clone()).uri(uri).version(head.version).body(Body::from(body)).unwrap();
    for (name, value) in &head.headers {
        // The length of a body that came in pieces is known now.
        if name != "transfer-encoding" && name != "connection" {
            request.headers_mut().append(name, value.clone());
        }
    }
    request
}
