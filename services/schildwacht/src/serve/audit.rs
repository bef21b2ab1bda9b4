//! Checkpoints of the audit trails: the key that signs them, the places where they are kept, and the keys that are trusted.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use events::{CheckpointTopic, SharedLog};
use runtime::{
    Process,
    config::{ConfigError, Secret},
    private_file,
};
use serde::Deserialize;
use service::KeepCheckpoints;
use storage::{
    Database,
    audit::{Checkpointing, Checkpoints, FileAnchor, KeyError, PublicKey, SharedAnchor, SigningKey},
};

use super::event_log::LogKind;

/// Below the data folder.
const FOLDER: &str = "audit";
const KEY_FILE: &str = "signing-key.pem";
/// For reading the topic whole, when a chain is contradicted.
const RESTORES_WITHIN: Duration = Duration::from_secs(30);

/// `[audit]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditConfig {
    /// Where the files of checkpoints are; unset: in the data folder.
    pub folder: Option<PathBuf>,
    /// Ed25519, PKCS#8 PEM. Empty: made at the first start and kept in the data folder, with the embedded event log only.
    pub signing_key: Secret,
    /// Public keys of checkpoints that were signed with another key.
    pub trusted_keys: Vec<String>,
    /// Time between two checkpoints.
    pub checkpoint_seconds: u64,
}

impl AuditConfig {
    /// Refuses what cannot work. `signs`: whether this process has a database.
    pub fn validate(&self, log: LogKind, signs: bool) -> Result<(), ConfigError> {
        let given = self.signing_key.expose();
        if given.is_empty() && signs && log == LogKind::Kafka {
            let advice = "give an Ed25519 key in PEM, as in { file = \"/run/secrets/audit-key.pem\" }; make one with: openssl genpkey -algorithm ed25519 \
                          -out audit-key.pem. All replicas of all services may have the same";
            return Err(ConfigError::at("audit.signing_key", advice));
        }
        if !given.is_empty() {
            SigningKey::from_pem(given).map_err(|error| ConfigError::at("audit.signing_key", error))?;
        }
        self.configured_keys()?;
        if self.checkpoint_seconds == 0 {
            return Err(ConfigError::at("audit.checkpoint_seconds", "give 1 or more"));
        }
        Ok(())
    }

    /// The key that signs; made at the first start where none is configured.
    pub fn signing_key(&self, data_dir: &Path) -> Result<SigningKey, KeyError> {
        match self.signing_key.expose() {
            "" => SigningKey::load_or_create(&key_file(data_dir)),
            pem => SigningKey::from_pem(pem),
        }
    }

    /// The public half of the key that signs; `None` where there is none yet, or where it is not for us to read.
    pub fn own_public_key(&self, data_dir: &Path) -> Result<Option<PublicKey>, KeyError> {
        let given = self.signing_key.expose();
        let pem = if given.is_empty() { private_file::read(&key_file(data_dir))? } else { Some(given.to_owned()) };
        pem.map(|pem| Ok(SigningKey::from_pem(&pem)?.public())).transpose()
    }

    /// The keys of `trusted_keys`.
    pub fn configured_keys(&self) -> Result<Vec<PublicKey>, ConfigError> {
        let parse = |text: &String| text.parse().map_err(|error: KeyError| ConfigError::at("audit.trusted_keys", error));
        self.trusted_keys.iter().map(parse).collect()
    }

    /// Where this process keeps the checkpoints of a service.
    pub fn file(&self, data_dir: &Path, service: &str) -> FileAnchor {
        FileAnchor::of_service(self.folder.as_deref().unwrap_or(&data_dir.join(FOLDER)), service)
    }

    /// Keeps the checkpoints of a service's database from now on.
    pub fn keep(&self, of: &SignedDatabase<'_>, process: &Process) -> Result<KeepCheckpoints, ConfigError> {
        let keep = KeepCheckpoints::of(Checkpoints::new(Checkpointing {
            service: of.service,
            database: of.database.clone(),
            key: Arc::clone(of.key),
            trusted: self.configured_keys()?,
            file: self.file(of.data_dir, of.service).locked().map_err(|error| ConfigError::at("audit.folder", error))?,
            further: of.topic.iter().map(Arc::clone).collect(),
            restores_within: RESTORES_WITHIN,
            clock: process.clock.clone(),
            ids: process.ids.clone(),
        }));
        keep.start(process, Duration::from_secs(self.checkpoint_seconds));
        Ok(keep)
    }
}

/// A database whose audit trail is signed.
pub struct SignedDatabase<'a> {
    pub service: &'static str,
    pub database: &'a Database,
    pub key: &'a Arc<SigningKey>,
    pub data_dir: &'a Path,
    /// Where replicas keep them together.
    pub topic: &'a Option<SharedAnchor>,
}

/// The topic of checkpoints, where it is on other machines than the database.
pub fn topic(log: LogKind, opened: &SharedLog) -> Option<SharedAnchor> {
    (log == LogKind::Kafka).then(|| Arc::new(CheckpointTopic(Arc::clone(opened))) as SharedAnchor)
}

fn key_file(data_dir: &Path) -> PathBuf {
    data_dir.join(FOLDER).join(KEY_FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> AuditConfig {
        AuditConfig { folder: None, signing_key: Secret::new(""), trusted_keys: Vec::new(), checkpoint_seconds: 60 }
    }

    #[test]
    fn production_needs_a_key_and_is_told_how_to_make_one() {
        let complaint = config().validate(LogKind::Kafka, true).unwrap_err().to_string();
        assert!(complaint.contains("audit.signing_key") && complaint.contains("openssl genpkey"), "{complaint}");
        config().validate(LogKind::Kafka, false).unwrap();
        config().validate(LogKind::Embedded, true).unwrap();
        let given = AuditConfig { signing_key: Secret::new(SigningKey::new_pem().unwrap()), ..config() };
        given.validate(LogKind::Kafka, true).unwrap();
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_key_of_the_file() {
        for (wrong, key) in [
            (AuditConfig { signing_key: Secret::new("hello"), ..config() }, "audit.signing_key"),
            (AuditConfig { trusted_keys: vec!["hello".to_owned()], ..config() }, "audit.trusted_keys"),
            (AuditConfig { checkpoint_seconds: 0, ..config() }, "audit.checkpoint_seconds"),
        ] {
            let complaint = wrong.validate(LogKind::Embedded, true).unwrap_err().to_string();
            assert!(complaint.starts_with(&format!("configuration: {key}: ")), "{complaint}");
        }
    }

    #[test]
    fn a_key_is_made_at_the_first_start_and_its_public_half_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(config().own_public_key(folder.path()).unwrap(), None, "looking makes none");
        let made = config().signing_key(folder.path()).unwrap().public();
        assert_eq!(config().own_public_key(folder.path()).unwrap(), Some(made));
    }
}
