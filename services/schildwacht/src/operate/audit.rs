//! `audit verify`: compares every chain of every configured database with its checkpoints, and names what is not as it was written.
//! `audit key`: prints the public key of this process's checkpoints.

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use storage::{
    Database,
    audit::{ChainReport, CheckpointName, Finding, History, PublicKey, SharedAnchor, Texts, examine},
};

use super::{say, say_json};
use crate::{
    cli::{AuditOptions, ServeOptions, Service},
    serve::{self, Config, audit::topic, event_log::LogKind},
};

/// What was found in a chain, or in the checkpoints.
#[derive(Serialize)]
struct Line<'a> {
    service: &'static str,
    #[serde(flatten)]
    about: About<'a>,
    intact: bool,
    findings: &'a [Finding],
}

#[derive(Serialize)]
#[serde(untagged)]
enum About<'a> {
    Chain {
        chain: &'a str,
        rows: i64,
        /// Rows up to the last that a checkpoint saw as it is.
        proven: i64,
    },
    Checkpoints {
        checkpoints: usize,
        newest: Option<&'a CheckpointName>,
    },
}

impl<'a> Line<'a> {
    fn of_chain(service: &'static str, report: &'a ChainReport) -> Self {
        let ChainReport { chain, rows, proven, findings } = report;
        Self { service, about: About::Chain { chain, rows: *rows, proven: *proven }, intact: findings.is_empty(), findings }
    }

    fn of_checkpoints(service: &'static str, history: &'a History) -> Self {
        let about = About::Checkpoints { checkpoints: history.checkpoints(), newest: history.newest() };
        Self { service, about, intact: history.findings().is_empty(), findings: history.findings() }
    }

    fn say(&self, json: bool) -> Result<()> {
        if json {
            return say_json(self);
        }
        let Self { service, about, findings, .. } = self;
        for finding in *findings {
            match about {
                About::Chain { chain, .. } => say(format_args!("BROKEN  {service}  {chain}  {finding}"))?,
                About::Checkpoints { .. } => say(format_args!("BROKEN  {service}  checkpoints  {finding}"))?,
            }
        }
        match about {
            About::Chain { chain, rows, proven } if self.intact => {
                say(format_args!("intact  {service}  {chain}  rows: {rows}, proven by a checkpoint: {proven}"))
            }
            About::Checkpoints { checkpoints, newest: Some(newest) } => {
                say(format_args!("        {service}  checkpoints: {checkpoints}, the newest is {newest}"))
            }
            _ => Ok(()),
        }
    }
}

/// Returns whether everything is as it was written. Safe on a running system.
pub async fn verify(options: &AuditOptions) -> Result<bool> {
    let config = serve::given(&options.serve)?;
    serve::refuse_what_audit_reads(&config)?;
    let trusted = trusted_keys(&config)?;
    let shared = shared_topic(&config)?;
    let mut all_intact = true;
    for service in Service::All.services() {
        let Some(database) = config.database(service) else { continue };
        let name = service.name();
        let database = database.or_embedded(&config.data_dir, name);
        database.require_existing().with_context(|| format!("nothing to verify for {name}"))?;
        // Before the database is read, which is then never behind its checkpoints.
        let file = std::sync::Arc::new(config.audit.file(&config.data_dir, name)) as SharedAnchor;
        let anchors: Vec<SharedAnchor> = [Some(file), shared.clone()].into_iter().flatten().collect();
        let history = History::read(name, &anchors, &trusted).await?;
        let database = Database::connect(&database).await.with_context(|| format!("the database of {name} cannot be opened"))?;
        let texts = texts(service, &database);
        let checkpoints = Line::of_checkpoints(name, &history);
        checkpoints.say(options.json)?;
        all_intact &= checkpoints.intact;
        for report in examine(&database, &history, texts.as_deref()).await? {
            let line = Line::of_chain(name, &report);
            line.say(options.json)?;
            all_intact &= line.intact;
        }
    }
    if !options.json {
        say(if all_intact {
            "every chain is intact"
        } else {
            "the audit trail is not as it was written; keep databases and checkpoints, and find out who could"
        })?;
    }
    Ok(all_intact)
}

/// Prints the public key that others verify our checkpoints with.
pub fn key(options: &ServeOptions) -> Result<()> {
    let config = serve::given(options)?;
    match config.audit.own_public_key(&config.data_dir)? {
        Some(key) => say(key),
        None => bail!("there is no key yet: `serve` makes one in the data folder, or give audit.signing_key"),
    }
}

/// Those of the configuration, and our own where this machine has it. An auditor's needs the public ones only.
fn trusted_keys(config: &Config) -> Result<Vec<PublicKey>> {
    let own = config.audit.own_public_key(&config.data_dir)?;
    Ok(config.audit.configured_keys()?.into_iter().chain(own).collect())
}

/// The topic, where it is outside the data folder.
fn shared_topic(config: &Config) -> Result<Option<SharedAnchor>> {
    if config.events.log == LogKind::Embedded {
        return Ok(None);
    }
    let log = config.events.connect().with_context(|| config.events.named())?;
    Ok(topic(config.events.log, &log))
}

/// Where a service keeps what people wrote.
fn texts(service: Service, database: &Database) -> Option<Box<dyn Texts>> {
    match service {
        Service::IncidentIntake => Some(Box::new(incident_intake::CaseTexts(database.clone()))),
        _ => None,
    }
}
