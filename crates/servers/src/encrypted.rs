//! A PostgreSQL or Redis that takes clients over TLS only, as in production without a mesh.

use std::{fs, path::Path};

use anyhow::Result;
use tempfile::TempDir;

use crate::{
    REDIS,
    certificates::{Certificates, Pem},
    ports::free_port,
    postgres,
    process::Interrupt,
    redis,
    server::{Lifetime, Plan, Running, Server, Site, give_to, random_hex, scratch},
};

/// A server for one test alone. Its certificate names 127.0.0.1 and nothing else.
#[derive(Debug)]
pub struct Encrypted {
    running: Running,
    certificates: Certificates,
    // After the server, which writes there until it ends.
    _scratch: TempDir,
}

impl Encrypted {
    /// A Redis at `rediss://…`.
    pub fn redis() -> Result<Self> {
        Self::start(REDIS, redis::ACCOUNT, redis::encrypted)
    }

    /// A PostgreSQL.
    pub fn postgres() -> Result<Self> {
        Self::start(postgres::SERVER, postgres::ACCOUNT, postgres::encrypted)
    }

    fn start(server: Server, account: &str, plan: impl FnOnce(&Site, &Pem) -> Result<Plan>) -> Result<Self> {
        (server.fetch)()?;
        let scratch = scratch()?;
        let folder = scratch.path().join(server.name.to_lowercase());
        fs::create_dir(&folder)?;
        let site = Site { folder, port: free_port()?, second_port: free_port()?, password: random_hex()? };
        // Beside the server's folder, which belongs to the server's account.
        let certificates = Certificates::make(scratch.path(), &site.password)?;
        let pem = certificates.pem(&site.password)?;
        for file in [&pem.certificate, &pem.key] {
            give_to(account, file)?;
        }
        let plan = plan(&site, &pem)?;
        let mut running = Running::planned(server, site, plan, Lifetime::Ours);
        running.launch()?;
        running.await_ready(&Interrupt::never())?;
        Ok(Self { running, certificates, _scratch: scratch })
    }

    /// With its password, at the port that takes TLS only.
    pub fn address(&self) -> &str {
        self.running.address()
    }

    /// The authority behind its certificate.
    pub fn authority(&self) -> &Path {
        &self.certificates.authority
    }
}
