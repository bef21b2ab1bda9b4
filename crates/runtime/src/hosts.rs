//! Host names that a port on loopback answers to.
//!
//! A page on the internet may let its own name lead to 127.0.0.1 once a browser of this machine has loaded it (DNS rebinding). The browser
//! then takes our port for part of that page, and lets it read metrics and pages. Only the name in the request tells: it is not ours.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header, uri::Authority},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};

use crate::config::is_loopback_host;

/// Names beside `localhost` and addresses, which are always answered: probes ask by address, and rebinding needs a name.
#[derive(Debug, Clone, Default)]
pub struct Hosts(Arc<BTreeSet<String>>);

impl Hosts {
    /// These names, without ports.
    pub fn named(names: impl IntoIterator<Item = String>) -> Self {
        Self(Arc::new(names.into_iter().map(|name| name.to_ascii_lowercase()).collect()))
    }

    /// Answers 421 to requests for other names, where the address is loopback. An address that others reach has an ingress before it, which
    /// decides about names.
    pub fn guard(&self, address: SocketAddr, router: Router) -> Router {
        if address.ip().is_loopback() { router.layer(from_fn_with_state(self.clone(), refuse_others)) } else { router }
    }

    fn answers(&self, request: &Request) -> bool {
        let in_address = request.uri().host().map(str::to_owned);
        let in_headers = request.headers().get_all(header::HOST).iter().map(|value| {
            let authority = value.to_str().ok().and_then(|text| text.parse::<Authority>().ok());
            // Not a name at all: none that is ours.
            authority.map(|authority| authority.host().to_owned()).unwrap_or_default()
        });
        in_address.into_iter().chain(in_headers).all(|host| self.is_ours(&host))
    }

    fn is_ours(&self, host: &str) -> bool {
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&name);
        let is_address = bare.parse::<std::net::IpAddr>().is_ok();
        is_address || is_loopback_host(&name) || self.0.contains(&name)
    }
}

async fn refuse_others(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    if hosts.answers(&request) {
        return next.run(request).await;
    }
    (StatusCode::MISDIRECTED_REQUEST, "this name is not served here; the operator can add it to listen.hosts\n").into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::get};
    use tower::ServiceExt as _;

    use super::*;

    const HERE: &str = "127.0.0.1:9090";

    async fn status(address: &str, request: Request) -> StatusCode {
        let hosts = Hosts::named(["Schildwacht.example".to_owned()]);
        let router = Router::new().route("/metrics", get(|| async { "secret figures" }));
        hosts.guard(address.parse().unwrap(), router).oneshot(request).await.unwrap().status()
    }

    fn by_header(host: &str) -> Request {
        Request::get("/metrics").header(header::HOST, host).body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn only_names_of_ours_and_addresses_are_answered() {
        for ours in
            ["127.0.0.1:9090", "10.0.0.5", "[::1]:9090", "localhost:9090", "LOCALHOST.", "schildwacht.example", "schildwacht.Example:443"]
        {
            assert_eq!(status(HERE, by_header(ours)).await, StatusCode::OK, "{ours}");
        }
        for other in
            ["evil.example", "evil.example:9090", "127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.1@evil.example", "", "a b"]
        {
            assert_eq!(status(HERE, by_header(other)).await, StatusCode::MISDIRECTED_REQUEST, "{other}");
        }
    }

    #[tokio::test]
    async fn the_name_in_the_address_counts_as_well_which_is_where_http_2_has_it() {
        let by_address = |host: &str| Request::get(format!("http://{host}/metrics")).body(Body::empty()).unwrap();
        assert_eq!(status(HERE, by_address("evil.example")).await, StatusCode::MISDIRECTED_REQUEST);
        assert_eq!(status(HERE, by_address("localhost:9090")).await, StatusCode::OK);
        let mut both = by_address("localhost");
        both.headers_mut().insert(header::HOST, "evil.example".parse().unwrap());
        assert_eq!(status(HERE, both).await, StatusCode::MISDIRECTED_REQUEST);
    }

    #[tokio::test]
    async fn a_path_that_is_not_there_says_nothing_to_another_name_either() {
        let request = Request::get("/nowhere").header(header::HOST, "evil.example").body(Body::empty()).unwrap();
        assert_eq!(status(HERE, request).await, StatusCode::MISDIRECTED_REQUEST);
    }

    #[tokio::test]
    async fn behind_an_ingress_names_are_for_the_ingress() {
        assert_eq!(status("0.0.0.0:9090", by_header("evil.example")).await, StatusCode::OK);
    }
}
