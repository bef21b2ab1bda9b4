//! Sends what is queued, one mail after the other, several at a time.

use std::{convert::Infallible, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use chrono::{DateTime, TimeDelta, Utc};
use runtime::{Clock, Ids, Shutdown, error::chain};
use storage::{Database, StoreError, StoreResult};

use crate::{
    MailId, Mailer,
    failure::{Failure, Reason},
    meters::Meters,
    queue::{self, Taken},
};

/// Mails on their way at once, so that a server that takes its time with one does not hold up the others.
const AT_ONCE: usize = 4;
/// How soon a commit is noticed.
const POLL: Duration = Duration::from_secs(2);
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(5);
const MEASURE_EVERY: Duration = Duration::from_secs(15);
/// How long a process that stops waits for servers' answers; what it hears no more may be sent twice.
const LAST_CHANCE: Duration = Duration::from_secs(6);
/// Pauses between attempts. A server that does not know us yet (greylisting) accepts after some minutes. Jitter adds up to as much again.
const PAUSES: ExponentialBuilder =
    ExponentialBuilder::new().with_min_delay(Duration::from_secs(15)).with_max_delay(LONGEST_PAUSE).with_jitter().without_max_times();
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// Tries to write down that a mail was accepted: not to know it is to send it twice.
const MARKING: ExponentialBuilder = ExponentialBuilder::new().with_min_delay(Duration::from_millis(200)).with_max_times(6);

/// Sends the mail that a service queues in its database.
#[derive(Debug)]
pub struct Sender {
    /// The service, for logs and metrics.
    pub service: &'static str,
    /// Whose queue.
    pub database: Database,
    /// How it is sent.
    pub mailer: Mailer,
    pub clock: Clock,
    pub ids: Ids,
}

impl Sender {
    /// Sends whatever is due, until shutdown.
    ///
    /// # Errors
    /// Never: every trouble is logged and tried again. The type fits `Tasks::spawn`.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), Infallible> {
        if !self.mailer.sends() {
            tracing::warn!(name: "mail.not_configured", service = self.service, "mail is queued and not sent: give mail.smtp, or mail.folder");
        }
        let meters = Meters::new(self.service);
        let working = futures::future::join_all((0..AT_ONCE).map(|_| self.work(&meters, &shutdown)));
        let no_longer = async {
            shutdown.requested().await;
            tokio::time::sleep(LAST_CHANCE).await;
        };
        tokio::select! {
            (_ended, ()) = futures::future::join(working, self.measure(&meters, &shutdown)) => {}
            () = no_longer => {
                tracing::warn!(name: "mail.left", service = self.service, "mail left while a server had not answered; it may be sent twice");
            }
        }
        Ok(())
    }

    async fn work(&self, meters: &Meters, shutdown: &Shutdown) {
        while !shutdown.is_requested() {
            let pause = match self.send_one(meters).await {
                Ok(true) => continue,
                Ok(false) => POLL,
                Err(error) => {
                    tracing::warn!(name: "mail.queue_unavailable", service = self.service, error = %chain(&error), "queue of mail unavailable, will retry");
                    PAUSE_AFTER_ERROR
                }
            };
            shutdown.sleep(pause).await;
        }
    }

    async fn measure(&self, meters: &Meters, shutdown: &Shutdown) {
        while !shutdown.is_requested() {
            if let Ok((waiting, oldest)) = queue::backlog(&self.database).await {
                let seconds = oldest.map_or(0, |oldest| (self.clock.now() - oldest).num_seconds());
                meters.waiting(waiting, u64::try_from(seconds).unwrap_or_default());
            }
            shutdown.sleep(MEASURE_EVERY).await;
        }
    }

    /// Sends the mail that has been due for longest, and says whether there was one.
    ///
    /// # Errors
    /// When the database refuses; a mail that was taken is then taken again after its lease.
    pub async fn send_next(&self) -> StoreResult<bool> {
        self.send_one(&Meters::new(self.service)).await
    }

    async fn send_one(&self, meters: &Meters) -> StoreResult<bool> {
        let now = self.clock.now();
        let Some(taken) = queue::take(&self.database, self.ids.next(), now, later(now, self.mailer.lease())).await? else {
            return Ok(false);
        };
        if taken.was_left {
            meters.taken_over();
            tracing::warn!(name: "mail.taken_over", service = self.service, mail.id = %taken.id, "a process ended while it sent this mail, which may arrive twice");
        }
        let sent = match &taken.letter {
            Ok(letter) => self.mailer.send(letter).await,
            Err(problem) => Err(Failure::lasting(Reason::Unreadable, problem)),
        };
        match sent {
            Ok(connection) => {
                self.mark_sent(&taken).await?;
                meters.sent();
                tracing::info!(name: "mail.sent", service = self.service, mail.id = %taken.id, attempts = taken.attempts, "mail sent");
                if let Some(connection) = connection {
                    connection.goodbye().await;
                }
            }
            Err(Failure::Final { reason, detail }) => self.give_up(meters, &taken, reason, detail).await?,
            Err(Failure::Later { reason, detail }) => {
                let last = later(taken.queued_at, self.mailer.give_up_after());
                if self.clock.now() >= last {
                    self.give_up(meters, &taken, reason, detail).await?;
                } else {
                    self.try_again(meters, &taken, last, reason, detail).await?;
                }
            }
        }
        Ok(true)
    }

    async fn mark_sent(&self, taken: &Taken) -> StoreResult<()> {
        let mut pauses = MARKING.build();
        loop {
            match (queue::mark_sent(&self.database, taken, self.clock.now()).await, pauses.next()) {
                (Err(StoreError::Unavailable(_)), Some(pause)) => tokio::time::sleep(pause).await,
                (marked, _) => return marked,
            }
        }
    }

    async fn give_up(&self, meters: &Meters, taken: &Taken, reason: Reason, detail: String) -> StoreResult<()> {
        meters.not_sent("given_up", reason);
        let (reason, attempts) = (reason.into_str(), taken.attempts);
        tracing::error!(name: "mail.given_up", service = self.service, mail.id = %taken.id, reason, detail, attempts, "mail given up");
        queue::give_up(&self.database, taken, self.clock.now(), format!("{reason}: {detail}")).await
    }

    /// At the latest when it is given up.
    async fn try_again(&self, meters: &Meters, taken: &Taken, last: DateTime<Utc>, reason: Reason, detail: String) -> StoreResult<()> {
        meters.not_sent("retried", reason);
        let due_at = later(self.clock.now(), pause_after(taken.attempts)).min(last);
        self.tell_retry(taken.id, reason, &detail, due_at);
        queue::try_again(&self.database, taken, due_at, format!("{}: {detail}", reason.into_str())).await
    }

    /// A warning where an operator has something to do.
    fn tell_retry(&self, id: MailId, reason: Reason, detail: &str, due_at: DateTime<Utc>) {
        let (service, reason_name) = (self.service, reason.into_str());
        match reason {
            // Said once, at the start.
            Reason::NotConfigured => {}
            Reason::Postponed => {
                tracing::info!(name: "mail.postponed", service, mail.id = %id, reason = reason_name, detail, %due_at, "mail not accepted yet, will retry");
            }
            _ => {
                tracing::warn!(name: "mail.not_sent", service, mail.id = %id, reason = reason_name, detail, %due_at, "mail not sent, will retry");
            }
        }
    }
}

fn pause_after(attempts: u32) -> Duration {
    let earlier = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    PAUSES.build().nth(earlier).unwrap_or(LONGEST_PAUSE)
}

fn later(moment: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by).ok().and_then(|by| moment.checked_add_signed(by)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_no_longer_than_twice_that() {
        assert!((15..=30).contains(&pause_after(1).as_secs()));
        assert!((60..=120).contains(&pause_after(3).as_secs()));
        for attempts in [0, 20, 500] {
            assert!(pause_after(attempts) <= 2 * LONGEST_PAUSE, "{attempts}");
        }
        assert!(pause_after(500) >= LONGEST_PAUSE);
    }
}
