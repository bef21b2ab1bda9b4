//! Shares each gateway's and each school's use of its rate limit among all replicas through Redis, so that together they admit no more than the rate.
//!
//! No request waits for it: each replica decides by its own [allowances](crate::limit::Allowance), and learns once a second what the
//! others admitted. While Redis is down, each replica limits alone and reports later what is still ahead of the rate. What was under
//! way when Redis did not answer is dropped, as it may have been counted: a gateway is never charged twice.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use runtime::{Shutdown, error::chain};
use storage::{SharedRates, cache::CacheError, rates::Payment};
use tokio::time::Instant;

use super::Directory;
use crate::{
    limit::{Allowance, Rates},
    outcome::{Ledger, Settlement},
};

const EVERY: Duration = Duration::from_secs(1);
/// Time-out of one round.
const WITHIN: Duration = Duration::from_millis(400);
/// Gateways and schools in one call: Redis serves no other client meanwhile.
const AT_ONCE: usize = 250;

/// Why nothing was settled.
#[derive(Debug, thiserror::Error)]
enum SettleError {
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error("no answer within {} ms", WITHIN.as_millis())]
    Late(#[from] tokio::time::error::Elapsed),
}

/// Runs until shutdown. What was charged in the last second is not shared.
pub async fn settle(directory: &Directory, mut rates: SharedRates, ledger: &Ledger, shutdown: &Shutdown, began: Instant) {
    let mut before = began.elapsed();
    let mut shared = None;
    while shutdown.sleep(EVERY).await {
        let paid_since = std::mem::replace(&mut before, began.elapsed());
        let settling = tokio::time::timeout(WITHIN, settle_once(directory, &mut rates, paid_since, began));
        let Some(settled) = shutdown.or_stop(settling).await else { return };
        let settled = settled.map_err(SettleError::from).and_then(|in_time| in_time.map_err(SettleError::from));
        ledger.count_settlement(if settled.is_ok() { Settlement::Settled } else { Settlement::Failed });
        if settled.is_err() {
            directory.keep_what_is_owed(began.elapsed());
        }
        // Said when it changes, not once a second.
        let is_new = shared.replace(settled.is_ok()) != Some(settled.is_ok());
        match settled {
            Ok(()) if is_new => tracing::info!(name: "rates.shared", "rates of gateways are shared with the other replicas"),
            Err(error) if is_new => {
                let error = chain(&error);
                tracing::warn!(name: "rates.not_shared", error, "rates of gateways not shared, each replica limits alone");
            }
            Ok(()) | Err(_) => {}
        }
    }
}

async fn settle_once(directory: &Directory, rates: &mut SharedRates, paid_since: Duration, began: Instant) -> Result<(), CacheError> {
    // Before anything is taken, which would be forgotten.
    rates.connect().await?;
    let in_use = directory.in_use(began.elapsed());
    if in_use.is_empty() {
        rates.settle(&[], Duration::ZERO).await?;
    }
    for some in in_use.chunks(AT_ONCE) {
        let (allowances, payments): (Vec<&Allowance>, Vec<Payment>) = some.iter().flat_map(of_sender).unzip();
        let asked_at = began.elapsed();
        let ahead = rates.settle(&payments, asked_at.saturating_sub(paid_since)).await?;
        for (allowance, ahead) in allowances.into_iter().zip(ahead) {
            // As if Redis had answered at once: from any later moment the use would seem higher than it is.
            allowance.learn(ahead, asked_at);
        }
    }
    Ok(())
}

/// Ids of gateways and of schools are never equal.
fn of_sender((id, rates): &(Bytes, Arc<Rates>)) -> [(&Allowance, Payment); 2] {
    let id = String::from_utf8_lossy(id);
    [("events", &rates.events), ("bytes", &rates.bytes)].map(|(unit, allowance)| {
        let payment = Payment { key: format!("rate:{unit}:{id}"), cost: allowance.take_unsettled() };
        (allowance, payment)
    })
}
