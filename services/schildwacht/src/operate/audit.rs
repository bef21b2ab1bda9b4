//! `audit verify`: recomputes every chain in every configured database, and reports the first broken row.

use anyhow::{Context as _, Result};
use serde::Serialize;
use storage::{
    Database,
    audit::{self, Verdict},
};

use super::{say, say_json};
use crate::{
    cli::{AuditOptions, Service},
    serve,
};

#[derive(Serialize)]
struct Line {
    service: &'static str,
    chain: String,
    intact: bool,
    rows: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

impl Line {
    fn new(service: &'static str, chain: String, verdict: Verdict) -> Self {
        match verdict {
            Verdict::Intact { rows } => Self { service, chain, intact: true, rows, problem: None },
            Verdict::Broken { seq, problem } => Self { service, chain, intact: false, rows: seq, problem: Some(problem) },
        }
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { service, chain, rows, .. } = self;
        match self.problem {
            None => write!(formatter, "intact  {service}  {chain}  rows: {rows}"),
            Some(problem) => write!(formatter, "BROKEN  {service}  {chain}  at row {rows}: {problem}"),
        }
    }
}

/// Returns whether every chain is intact. Safe on a running system.
pub async fn verify(options: &AuditOptions) -> Result<bool> {
    let config = serve::given(&options.serve)?;
    serve::refuse_databases(&config)?;
    let services = Service::All.services().into_iter();
    let mut all_intact = true;
    for (service, database) in services.filter_map(|service| Some((service.name(), config.database(service)?))) {
        let database = database.or_embedded(&config.data_dir, service);
        database.require_existing().with_context(|| format!("nothing to verify for {service}"))?;
        let database = Database::connect(&database).await.with_context(|| format!("the database of {service} cannot be opened"))?;
        for (chain, verdict) in audit::verify(&database).await? {
            let line = Line::new(service, chain, verdict);
            all_intact &= line.intact;
            if options.json { say_json(&line)? } else { say(&line)? }
        }
    }
    if !options.json {
        say(if all_intact {
            "every chain is intact"
        } else {
            "rows were changed or removed after they were written; keep the files and find out who could"
        })?;
    }
    Ok(all_intact)
}
