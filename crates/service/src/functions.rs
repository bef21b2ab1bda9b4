//! Keeps who holds which function up to date from `identity.function.v1`: one that has ended opens nothing in any service within a minute.

use std::convert::Infallible;

use auth::{Function, HeldFunction, HeldFunctions};
use events::{Delivered, Envelope, SharedLog, Topic};
use proto::{identity::v1::PersonFunctions, time::moment};
use runtime::{PersonId, Shutdown};
use tokio::time::Instant;

use crate::follow::{Follower, follow};

/// Until shutdown.
///
/// # Errors
/// Never; the type is that of every task.
pub async fn follow_functions(functions: HeldFunctions, log: SharedLog, shutdown: Shutdown) -> Result<(), Infallible> {
    follow(functions, log, shutdown).await
}

impl Follower for HeldFunctions {
    const TOPIC: Topic = Topic::Function;

    fn empty(&self) -> Self {
        Self::default()
    }

    fn apply(&self, record: &Delivered) -> Option<()> {
        let envelope = Envelope::from_record(&record.record).ok()?;
        let person: PersonId = std::str::from_utf8(&envelope.key).ok()?.parse().ok()?;
        let said = envelope.data.is_some().then(|| envelope.decode::<PersonFunctions>()).transpose();
        // What cannot be read must not leave somebody with what they had before; and who has a function of a later version does not have
        // it here.
        let functions = said.iter().flatten().flat_map(|said| &said.functions).filter_map(held).collect();
        self.put(person, functions);
        said.ok().map(drop)
    }

    fn replace(&self, other: Self) {
        Self::replace(self, other);
    }

    fn complete_as_of(&self, moment: Instant) {
        Self::complete_as_of(self, moment.into_std());
    }
}

fn held(said: &proto::identity::v1::HeldFunction) -> Option<HeldFunction> {
    let function: Function = said.function.parse().ok()?;
    let from = moment(said.start_time?)?;
    let until = match said.end_time {
        Some(end) => Some(moment(end)?),
        None => None,
    };
    Some(HeldFunction { function, from, until })
}
