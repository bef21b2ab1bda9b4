//! `audit accept`: an operator says that a database was restored from a backup.
//!
//! It is signed with the key of the checkpoints and kept where they are: in the topic with Kafka, else in the file, which the service must not
//! be writing meanwhile. Someone with the database alone cannot make it.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use runtime::{
    AuditId, Clock, Ids,
    security::{SecurityEvent, UNVERIFIED},
    telemetry::Telemetry,
};
use storage::{
    Database,
    audit::{Acceptance, SharedAnchor},
};

use super::{
    audit::{history, shared_topic, trusted_keys},
    say,
};
use crate::{cli::AcceptOptions, serve};

/// Accepts the restore of one service's database, and says which rows are gone.
pub async fn accept_restore(options: &AcceptOptions) -> Result<()> {
    let config = serve::given(&options.serve)?;
    serve::refuse_what_audit_reads(&config)?;
    let service = options.service.name();
    let database =
        config.database(options.service).with_context(|| format!("{service} has no database of its own; name another service"))?;
    let database = database.or_embedded(&config.data_dir, service);
    database.require_existing().with_context(|| format!("nothing to accept for {service}"))?;
    if config.audit.own_public_key(&config.data_dir)?.is_none() {
        bail!("a restore is accepted with the key of the checkpoints, which is not here: give audit.signing_key, or --data-dir");
    }
    let key = config.audit.signing_key(&config.data_dir)?;
    let topic = shared_topic(&config)?;
    let mut file = config.audit.file(&config.data_dir, service);
    if topic.is_none() {
        // Before it is read: nobody adds to it meanwhile.
        file = file.locked().context("stop the service first")?;
    }
    let history = history(service, file.clone(), topic.as_ref(), &trusted_keys(&config)?).await?;
    let place = topic.unwrap_or_else(|| Arc::new(file) as SharedAnchor);
    let database = Database::connect(&database).await.with_context(|| format!("the database of {service} cannot be opened"))?;
    let clock = Clock::system();
    let acceptance = Acceptance {
        service,
        database: &database,
        history: &history,
        key: &key,
        place: &*place,
        at: clock.now(),
        series: Ids::random(clock.clone()).next::<AuditId>().as_uuid(),
        backup_of: options.backup_of,
        reason: &options.reason,
    };
    // Before it is signed, so that it is never signed and not told.
    let telemetry = Telemetry::start(&config.telemetry, "schildwacht-audit")?;
    let accepted = acceptance.accept().await;
    if accepted.as_ref().is_ok_and(|restored| !restored.is_empty()) {
        // The signature says that it was somebody with the key, and no more.
        SecurityEvent::RestoreAccepted.record(UNVERIFIED, "audit.accept", format_args!("audit:{service}"), "");
    }
    telemetry.shut_down();
    let restored = accepted?;
    if restored.is_empty() {
        bail!("every chain is as the checkpoints saw it: there is no restore to accept");
    }
    restored.iter().try_for_each(|(chain, rows)| say(format_args!("accepted  {service}  {chain}  {rows}")))
}
