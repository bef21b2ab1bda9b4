//! HTTP clients for tests.

use reqwest::{Client, ClientBuilder, redirect::Policy};

/// A client for what listens on loopback: it shows redirects and does not follow them.
pub fn http_client() -> Client {
    http_builder().build().expect("an HTTP client")
}

/// The same, as a builder.
///
/// It trusts no certificate: reading those of the system takes longer, for each client, than most tests.
pub fn http_builder() -> ClientBuilder {
    runtime::install_tls_provider();
    Client::builder().redirect(Policy::none()).tls_certs_only([])
}
