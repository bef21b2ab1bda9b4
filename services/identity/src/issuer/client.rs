//! The clients that may ask for tokens, besides gateways, which identity's own table knows.
//!
//! | Client | Is | Function |
//! |---|---|---|
//! | `schildwacht-portal` | the pages: people sign in through it | that of the persona |
//! | `schildwacht-cli` | commands on this machine: import, dead letters | `operator` |
//! | `schildwacht-<service>` | a service on its own behalf | `service@<service>` |
//!
//! Each has its secret in a file of its own in the data folder, made at the first start.

use std::{collections::BTreeMap, path::Path};

use runtime::{
    PersonId,
    private_file::{self, PrivateFileError},
};
use uuid::Uuid;

use crate::domain::{Secret, SecretHash};

/// The portal's client id.
pub const PORTAL: &str = "schildwacht-portal";
/// The client id of commands on this machine.
pub const COMMAND_LINE: &str = "schildwacht-cli";
/// Whom audit rows name when a command on this machine acts: commands act with a person's rights, so they need a person's id.
pub const COMMAND_LINE_PERSON: Uuid = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0c11);

/// Why a client's secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The system has no randomness.
    #[error("the system gives no randomness for a client's secret")]
    NoRandomness(#[from] getrandom::Error),
    /// Its file is empty.
    #[error("the secret of client {0} is too short; remove its file to have a new one made")]
    Weak(String),
}

/// What a client may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Signs people in.
    Portal,
    /// Gets tokens for itself.
    Machine {
        /// `sub` of its tokens.
        subject: String,
        function: String,
    },
}

/// A client.
#[derive(Debug, Clone)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// What it may do.
    pub role: Role,
    secret: SecretHash,
}

impl Client {
    /// Whether this is its secret.
    pub fn admits(&self, presented: &str) -> bool {
        self.secret.matches(presented)
    }
}

/// All clients by id.
#[derive(Debug)]
pub struct Clients(BTreeMap<String, Client>);

impl Clients {
    /// Reads every client's secret from `folder`, making those that are not there.
    pub fn load_or_create(folder: &Path, services: &[String]) -> Result<Self, ClientError> {
        let command_line = Role::Machine { subject: PersonId::from(COMMAND_LINE_PERSON).to_string(), function: "operator".to_owned() };
        let mut roles = vec![(PORTAL.to_owned(), Role::Portal), (COMMAND_LINE.to_owned(), command_line)];
        for service in services {
            let id = format!("schildwacht-{service}");
            roles.push((id.clone(), Role::Machine { subject: id, function: format!("service@{service}") }));
        }
        let mut clients = BTreeMap::new();
        for (id, role) in roles {
            let secret = load_or_create_secret(folder, &id)?;
            clients.insert(id.clone(), Client { id, role, secret });
        }
        Ok(Self(clients))
    }

    /// The client of this id.
    pub fn find(&self, id: &str) -> Option<&Client> {
        self.0.get(id)
    }
}

fn load_or_create_secret(folder: &Path, client_id: &str) -> Result<SecretHash, ClientError> {
    /// Of 256 bits, a secret of ours has 43 characters; somebody may have put another there.
    const AT_LEAST: usize = 32;
    let file = folder.join(format!("{client_id}.secret"));
    if let Some(kept) = private_file::read(&file)? {
        let secret = kept.trim_end();
        if secret.len() < AT_LEAST {
            return Err(ClientError::Weak(client_id.to_owned()));
        }
        return Ok(SecretHash::of(secret));
    }
    let secret = Secret::generate()?;
    private_file::write(&file, secret.reveal())?;
    Ok(secret.hash())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_survive_a_restart_and_differ_from_client_to_client() {
        let folder = tempfile::tempdir().unwrap();
        let services = ["network-monitor".to_owned()];
        Clients::load_or_create(folder.path(), &services).unwrap();
        let kept = |id: &str| std::fs::read_to_string(folder.path().join(format!("{id}.secret"))).unwrap();
        let clients = Clients::load_or_create(folder.path(), &services).unwrap();
        for id in [PORTAL, COMMAND_LINE, "schildwacht-network-monitor"] {
            assert!(clients.find(id).unwrap().admits(&kept(id)), "{id}");
        }
        assert!(!clients.find(PORTAL).unwrap().admits(&kept(COMMAND_LINE)));
    }

    #[test]
    fn an_emptied_secret_opens_no_door() {
        let folder = tempfile::tempdir().unwrap();
        private_file::write(&folder.path().join(format!("{PORTAL}.secret")), "").unwrap();
        assert!(matches!(Clients::load_or_create(folder.path(), &[]), Err(ClientError::Weak(_))));
    }
}
