//! A broker that takes clients only over TLS and with a password (SCRAM), as a shared cluster does.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use anyhow::Result;
use tempfile::TempDir;

use super::{Broker, SERVER, fetch, plan};
use crate::{
    certificates::Certificates,
    ports::free_port,
    process::Interrupt,
    server::{Lifetime, Running, Site, random_hex, scratch},
};

/// A broker for one test alone whose clients need TLS and a password.
///
/// Its own traffic goes over another port, without TLS.
#[derive(Debug)]
pub struct Secured {
    broker: Running,
    port: u16,
    certificates: Certificates,
    // After the broker, which writes there until it ends.
    _scratch: TempDir,
}

impl Secured {
    /// `sasl.mechanism`.
    pub const MECHANISM: &str = "SCRAM-SHA-512";
    /// `sasl.username`.
    pub const USER: &str = "schildwacht";

    /// Starts one, with certificates and a password of its own.
    pub fn start() -> Result<Self> {
        fetch()?;
        let scratch = scratch()?;
        let folder = scratch.path().join("kafka");
        fs::create_dir(&folder)?;
        // Passwords and the server's key stand there.
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        let site = Site { folder, port: free_port()?, second_port: free_port()?, password: random_hex()? };
        let port = free_port()?;
        let certificates = Certificates::make(&site.folder, &site.password)?;
        let settings = settings(&certificates.store, &site.password);
        let user = format!("{}=[name={},password={}]", Self::MECHANISM, Self::USER, site.password);
        let broker = Broker { secured_port: Some(port), user: Some(user), further: &settings, ..Broker::alone(&site) };
        let plan = plan(&broker)?;
        let mut broker = Running::planned(SERVER, site, plan, Lifetime::Ours);
        broker.launch()?;
        broker.await_ready(&Interrupt::never())?;
        Ok(Self { broker, port, certificates, _scratch: scratch })
    }

    /// For `events.kafka.brokers`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `ssl.ca.location`: the authority behind its certificate.
    pub fn authority(&self) -> &Path {
        &self.certificates.authority
    }

    /// `sasl.password`.
    pub fn password(&self) -> &str {
        self.broker.password()
    }
}

fn settings(store: &Path, password: &str) -> String {
    let mechanism = Secured::MECHANISM;
    let module = "org.apache.kafka.common.security.scram.ScramLoginModule";
    format!(
        "ssl.keystore.type=PKCS12\n\
         ssl.keystore.location={store}\n\
         ssl.keystore.password={password}\n\
         sasl.enabled.mechanisms={mechanism}\n\
         listener.name.secured.{lowercase}.sasl.jaas.config={module} required;\n",
        store = store.display(),
        lowercase = mechanism.to_ascii_lowercase(),
    )
}
