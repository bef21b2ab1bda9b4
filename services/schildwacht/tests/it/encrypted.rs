//! An issuer at an https address is asked after it has shown a certificate that holds, or not at all.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::{Router, http::StatusCode, routing::get};
use testkit::servers::{certificates::Certificates, scratch};
use tonic::transport::{Identity, Server, ServerTlsConfig, server::TcpIncoming};

use crate::site::Site;

#[tokio::test]
async fn an_issuer_whose_certificate_does_not_hold_is_told_nothing_and_the_operator_what_to_do() {
    if !testkit::has_servers() {
        return;
    }
    let (folder, elsewhere) = (scratch().unwrap(), scratch().unwrap());
    let ours = Certificates::make(folder.path(), "a password").unwrap();
    let stranger = Certificates::make(elsewhere.path(), "a password").unwrap();
    let pem = ours.pem("a password").unwrap();
    let read = |path| std::fs::read(path).unwrap();
    let tls = ServerTlsConfig::new().identity(Identity::from_pem(read(&pem.certificate), read(&pem.key)));

    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    // There is no issuer in it: that this is said shows that it was asked.
    let answer = move || async move {
        count.fetch_add(1, Ordering::Relaxed);
        StatusCode::NOT_FOUND
    };
    let routes = Router::new().route("/issuer/.well-known/openid-configuration", get(answer));
    runtime::install_tls_provider();
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = incoming.local_addr().unwrap().port();
    let tasks = runtime::Tasks::new();
    let _stop = tasks.shutdown().request_on_drop();
    let stop = tasks.shutdown();
    let server = Server::builder().accept_http1(true).tls_config(tls).unwrap().add_routes(routes.into());
    tasks.spawn("encrypted issuer", server.serve_with_incoming_shutdown(incoming, async move { stop.requested().await }));

    let complaint = async |trusted: &Certificates, host: &str| {
        let site = Site::new().with("SSL_CERT_FILE", trusted.authority.display().to_string());
        let secret = site.file("secret", "0f3a9c41").display().to_string();
        let issuer = format!("https://{host}:{port}/issuer");
        let at = ["--at", &site.url(""), "--issuer", &issuer, "--secret-file", &secret];
        site.run(&[&["gateways", "list"], &at[..]].concat()).await.complaint()
    };
    let unknown = complaint(&stranger, "127.0.0.1").await;
    assert!(unknown.contains("no trusted authority") && unknown.contains("SSL_CERT_FILE"), "{unknown}");
    let other_name = complaint(&ours, "localhost").await;
    assert!(other_name.contains("another server") && other_name.contains("the name that is in the certificate"), "{other_name}");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    let known = complaint(&ours, "127.0.0.1").await;
    assert!(known.contains("there is no issuer at https://127.0.0.1"), "{known}");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}
