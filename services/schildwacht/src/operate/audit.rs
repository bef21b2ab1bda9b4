//! `audit verify`: compares every chain of every configured database with its checkpoints, and names what is not as it was written.
//! `audit key`: prints the public key of this process's checkpoints.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use runtime::Clock;
use serde::Serialize;
use service::Periods;
use storage::{
    Database,
    audit::{
        AcceptedRestore, ChainReport, CheckpointName, FileAnchor, Finding, History, PublicKey, RestoredRows, SharedAnchor, Texts, examine,
    },
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
        /// Rows that are gone with accepted restores.
        restored: &'a [RestoredRows],
        /// Texts that went with what they were in, at the end of its period.
        removed_texts: usize,
    },
    Checkpoints {
        /// All restores that operators accepted, also those that excuse nothing any more.
        accepted: Vec<AcceptedRestore>,
        checkpoints: usize,
        newest: Option<&'a CheckpointName>,
    },
}

impl<'a> Line<'a> {
    fn of_chain(service: &'static str, report: &'a ChainReport) -> Self {
        let ChainReport { chain, rows, proven, restored, removed_texts, findings, .. } = report;
        Self {
            service,
            about: About::Chain { chain, rows: *rows, proven: *proven, restored, removed_texts: *removed_texts },
            intact: report.is_intact(),
            findings,
        }
    }

    fn of_checkpoints(service: &'static str, history: &'a History) -> Self {
        let about = About::Checkpoints { accepted: history.accepted(), checkpoints: history.checkpoints(), newest: history.newest() };
        Self { service, about, intact: !history.findings().iter().any(Finding::is_break), findings: history.findings() }
    }

    fn say(&self, json: bool) -> Result<()> {
        if json {
            return say_json(self);
        }
        let Self { service, about, findings, .. } = self;
        let of = match about {
            About::Chain { chain, .. } => chain,
            About::Checkpoints { .. } => "checkpoints",
        };
        if let About::Checkpoints { accepted, .. } = about {
            accepted.iter().try_for_each(|restore| say(format_args!("noted   {service}  {of}  {restore}")))?;
        }
        for finding in *findings {
            let mark = if finding.is_break() { "BROKEN" } else { "noted " };
            say(format_args!("{mark}  {service}  {of}  {finding}"))?;
        }
        if let About::Chain { restored, removed_texts, .. } = about {
            restored.iter().try_for_each(|rows| say(format_args!("noted   {service}  {of}  {rows}")))?;
            if *removed_texts > 0 {
                say(format_args!(
                    "noted   {service}  {of}  texts that went at the end of their period, as the chain says: {removed_texts}"
                ))?;
            }
        }
        match about {
            About::Chain { chain, rows, proven, .. } if self.intact => {
                say(format_args!("intact  {service}  {chain}  rows: {rows}, proven by a checkpoint: {proven}"))
            }
            About::Checkpoints { checkpoints, newest: Some(newest), .. } => {
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
    let periods = Periods::load(&config.content)?;
    let mut all_intact = true;
    for service in Service::All.services() {
        let Some(database) = config.database(service) else { continue };
        let name = service.name();
        let database = database.or_embedded(&config.data_dir, name);
        database.require_existing().with_context(|| format!("nothing to verify for {name}"))?;
        // Before the database is read, which is then never behind its checkpoints.
        let history = history(name, config.audit.file(&config.data_dir, name), shared.as_ref(), &trusted).await?;
        let database = Database::connect(&database).await.with_context(|| format!("the database of {name} cannot be opened"))?;
        let texts = texts(service, &database, &periods);
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

/// What is known of a service from the file of this machine and from the topic.
pub(super) async fn history(service: &str, file: FileAnchor, topic: Option<&SharedAnchor>, trusted: &[PublicKey]) -> Result<History> {
    let file = Arc::new(file) as SharedAnchor;
    let anchors: Vec<SharedAnchor> = std::iter::once(file).chain(topic.cloned()).collect();
    Ok(History::read(service, &anchors, trusted).await?)
}

/// Those of the configuration, and our own where this machine has it. An auditor's needs the public ones only.
pub(super) fn trusted_keys(config: &Config) -> Result<Vec<PublicKey>> {
    let own = config.audit.own_public_key(&config.data_dir)?;
    Ok(config.audit.configured_keys()?.into_iter().chain(own).collect())
}

/// The topic, where it is outside the data folder.
pub(super) fn shared_topic(config: &Config) -> Result<Option<SharedAnchor>> {
    if config.events.log == LogKind::Embedded {
        return Ok(None);
    }
    let log = config.events.connect().with_context(|| config.events.named())?;
    Ok(topic(config.events.log, &log))
}

/// Where a service keeps what people wrote.
fn texts(service: Service, database: &Database, periods: &Periods) -> Option<Box<dyn Texts>> {
    let of_cases = || incident_intake::CaseTexts { database: database.clone(), periods: periods.clone(), clock: Clock::system() };
    match service {
        Service::IncidentIntake => Some(Box::new(of_cases())),
        _ => None,
    }
}
