//! A password goes to a server whose certificate holds, and to no other.

use std::{path::Path, sync::Arc};

use runtime::config::Secret;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use schildwacht_mail::{Progress, SmtpConfig, Tls};
use testkit::{
    Store, TestDatabase,
    servers::{self, certificates::Certificates},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    server::{PASSWORD, Server, Speaks, USER},
    world::{AFTER_THE_LEASE, World, mail_to, smtp},
};

const STORE_PASSWORD: &str = "a password";

fn acceptor(certificates: &Certificates) -> TlsAcceptor {
    runtime::install_tls_provider();
    let pem = certificates.pem(STORE_PASSWORD).unwrap();
    let chain = CertificateDer::pem_file_iter(&pem.certificate).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(&pem.key).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn with_password(server: &Server, tls: Tls, password: &str, authority: Option<&Path>) -> SmtpConfig {
    let (user, password) = (USER.to_owned(), Secret::new(password));
    SmtpConfig { tls, user, password, ca_file: authority.map(Path::to_owned), ..smtp(server) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_and_password_go_over_tls_to_a_server_whose_certificate_holds_and_to_no_other() {
    // Certificates are made with Java's keytool, which comes with the servers.
    if !testkit::has_servers() {
        return;
    }
    let folder = servers::scratch().unwrap();
    let certificates = Certificates::make(folder.path(), STORE_PASSWORD).unwrap();
    let (authority, acceptor) = (Some(certificates.authority.as_path()), acceptor(&certificates));
    for (speaks, tls, other) in [(Speaks::TlsAtOnce, Tls::Implicit, Tls::Starttls), (Speaks::TlsWhenAsked, Tls::Starttls, Tls::Implicit)] {
        let world = World::new(TestDatabase::new(Store::Sqlite).await.unwrap()).await;
        let server = Server::speaking(speaks, Some(acceptor.clone())).await;
        let id = world.queue(&mail_to("jan@school.example")).await;
        let fails = async |config: SmtpConfig| {
            world.send_all(&world.sender_to(&config)).await;
            world.clock.advance(AFTER_THE_LEASE);
            world.waiting(id).await.1
        };
        let untrusted = fails(with_password(&server, tls, PASSWORD, None)).await;
        assert!(untrusted.starts_with("unreachable: ") && untrusted.contains("mail.smtp.ca_file"), "{untrusted}");
        let of_another = fails(SmtpConfig { host: "localhost".to_owned(), ..with_password(&server, tls, PASSWORD, authority) }).await;
        assert!(of_another.starts_with("unreachable: ") && of_another.contains("another server"), "{of_another}");
        if speaks == Speaks::TlsWhenAsked {
            let wrong_port = fails(with_password(&server, other, PASSWORD, authority)).await;
            assert!(wrong_port.starts_with("unreachable: "), "{wrong_port}");
        }
        assert_eq!(server.sign_ins(), [], "no password was told");

        let wrong = fails(with_password(&server, tls, "wrong", authority)).await;
        assert!(wrong.starts_with("server_refused: ") && wrong.contains("535") && !wrong.contains("wrong"), "{wrong}");
        world.send_all(&world.sender_to(&with_password(&server, tls, PASSWORD, authority))).await;
        assert!(matches!(world.progress(id).await, Progress::Sent { .. }));
        assert_eq!(server.accepted().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_offers_no_starttls_gets_neither_password_nor_mail() {
    let world = World::new(TestDatabase::new(Store::Sqlite).await.unwrap()).await;
    let id = world.queue(&mail_to("jan@school.example")).await;
    world.send_all(&world.sender_to(&with_password(&world.server, Tls::Starttls, PASSWORD, None))).await;
    let (_, problem) = world.waiting(id).await;
    assert!(problem.starts_with("unreachable: ") && problem.contains("STARTTLS"), "{problem}");
    assert_eq!((world.server.sign_ins(), world.server.accepted()), (vec![], vec![]));
}
