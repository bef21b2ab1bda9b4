//! What became of every event.

use std::{collections::BTreeMap, fmt, path::Path};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    batch::Batch,
    deliver::{Delivery, Fate},
};

/// Reasons that say where in the file they hold; others are counted without.
const MOST_PLACES: usize = 20;

/// The outcomes of a file. `events` is the sum of the four outcomes; of a file that broke off, only what could be read.
#[derive(Debug, Serialize)]
pub struct Summary {
    file: String,
    events: u64,
    accepted: u64,
    refused: u64,
    not_delivered: u64,
    too_long: u64,
    requests: u64,
    retries: u64,
    /// Before compression.
    event_bytes: u64,
    /// After.
    sent_bytes: u64,
    seconds: f64,
    /// Why the file could not be read to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    broke_off: Option<String>,
    /// Why events were refused or not delivered, with how many of them.
    reasons: BTreeMap<String, u64>,
    #[serde(skip)]
    began: DateTime<Utc>,
}

impl Summary {
    /// Nothing sent yet.
    pub fn begin(file: &Path, began: DateTime<Utc>) -> Self {
        Self {
            file: shown(file),
            events: 0,
            accepted: 0,
            refused: 0,
            not_delivered: 0,
            too_long: 0,
            requests: 0,
            retries: 0,
            event_bytes: 0,
            sent_bytes: 0,
            seconds: 0.0,
            broke_off: None,
            reasons: BTreeMap::new(),
            began,
        }
    }

    /// Counts what was read.
    pub fn read(&mut self, batch: &Batch) {
        self.events += batch.events();
        self.event_bytes += batch.size() as u64;
    }

    /// Counts what became of a batch.
    pub fn settle(&mut self, delivery: &Delivery) {
        self.requests += u64::from(delivery.requests);
        self.retries += u64::from(delivery.requests.saturating_sub(1));
        if delivery.requests > 0 {
            self.sent_bytes += delivery.bytes;
        }
        let (lost, why) = match &delivery.fate {
            Fate::Taken { left_out, why } => {
                let left_out = (*left_out).min(delivery.events);
                self.accepted += delivery.events - left_out;
                self.refused += left_out;
                (left_out, why)
            }
            Fate::Refused(why) => {
                self.refused += delivery.events;
                (delivery.events, why)
            }
            Fate::GivenUp(why) | Fate::NoToken(why) => {
                self.not_delivered += delivery.events;
                (delivery.events, why)
            }
        };
        if lost > 0 {
            *self.reasons.entry(self.reason(delivery, why)).or_default() += lost;
        }
    }

    /// The edge counts within its request, and a person looks into the file.
    fn reason(&self, delivery: &Delivery, why: &str) -> String {
        match (&delivery.fate, delivery.place) {
            (Fate::Taken { .. } | Fate::Refused(_), Some((first, last))) if why.contains("the first at") => {
                if self.reasons.len() < MOST_PLACES {
                    format!("{why} (of a request that holds lines {first} to {last} of the file)")
                } else {
                    "the like, further on in the file".to_owned()
                }
            }
            _ => why.to_owned(),
        }
    }

    /// The file cannot be read any further.
    pub fn break_off(&mut self, why: String) {
        self.broke_off = Some(why);
    }

    /// Somebody stopped it. What had no answer yet may or may not have arrived; `is_read` says whether that is all that is missing.
    pub fn stop(&mut self, is_read: bool) {
        let without_answer = self.events - self.accepted - self.refused - self.not_delivered;
        if without_answer > 0 {
            self.not_delivered += without_answer;
            let why = "stopped before the answer came, so they may have arrived; send the file again, which counts nothing twice";
            *self.reasons.entry(why.to_owned()).or_default() += without_answer;
        }
        if !is_read {
            self.break_off("stopped by Ctrl-C or a signal; the rest was not sent".to_owned());
        }
    }

    /// Closes the account.
    pub fn end(&mut self, too_long: u64, now: DateTime<Utc>) {
        self.too_long = too_long;
        self.events += too_long;
        self.seconds = now.signed_duration_since(self.began).as_seconds_f64();
    }

    /// Events read so far.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Events in the log.
    pub const fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Whether every event of the file is in the log.
    pub const fn all_accepted(&self) -> bool {
        self.accepted == self.events && self.broke_off.is_none()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, events, accepted, refused, not_delivered, too_long, requests, retries, .. } = self;
        let smaller = if self.sent_bytes == 0 { 1.0 } else { self.event_bytes as f64 / self.sent_bytes as f64 };
        let noun = if *events == 1 { "event" } else { "events" };
        if *events == 0 && self.broke_off.is_none() {
            return write!(to, "{file} is empty: nothing was sent");
        }
        writeln!(to, "{file}: {events} {noun} in {:.1} s", self.seconds)?;
        writeln!(to, "  accepted       {accepted:>10}")?;
        writeln!(to, "  refused        {refused:>10}")?;
        writeln!(to, "  not delivered  {not_delivered:>10}")?;
        if *too_long > 0 {
            writeln!(to, "  too long       {too_long:>10}")?;
        }
        writeln!(to, "  requests       {requests:>10}, {retries} of them again")?;
        write!(
            to,
            "  sent           {:>10}, {smaller:.1} times smaller than the events",
            indicatif::HumanBytes(self.sent_bytes).to_string()
        )?;
        if *accepted > 0 {
            let where_else = "what cannot be read there is listed by `schildwacht dead-letters list --service network-monitor`";
            write!(to, "\n  accepted: it is kept, and read from there; {where_else}")?;
        }
        for (reason, count) in &self.reasons {
            write!(to, "\n  {count} because: {reason}")?;
        }
        if let Some(why) = &self.broke_off {
            write!(to, "\n  {file} breaks off after these events: {why}")?;
        }
        Ok(())
    }
}

/// A file's name for people; `-` is what comes in.
fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(events: u64, fate: Fate) -> Delivery {
        Delivery { events, place: None, bytes: 10, requests: if matches!(fate, Fate::NoToken(_)) { 0 } else { 2 }, fate }
    }

    fn summary(deliveries: &[Delivery]) -> Summary {
        let now = "2026-11-24T10:00:00Z".parse().unwrap();
        let mut summary = Summary::begin(Path::new("eve.json"), now);
        for delivery in deliveries {
            let mut batch = Batch::default();
            (0..delivery.events).for_each(|_| batch.push(b"{}"));
            summary.read(&batch);
            summary.settle(delivery);
        }
        summary.end(0, now);
        summary
    }

    #[test]
    fn every_event_ends_in_one_outcome() {
        let summary = summary(&[
            delivery(5, Fate::Taken { left_out: 2, why: "no JSON".to_owned() }),
            delivery(3, Fate::Refused("403".to_owned())),
            delivery(4, Fate::GivenUp("503".to_owned())),
            delivery(1, Fate::NoToken("invalid_client".to_owned())),
        ]);
        assert_eq!((summary.events, summary.accepted, summary.refused, summary.not_delivered), (13, 3, 5, 5));
        assert_eq!(summary.reasons.values().sum::<u64>(), 10);
        assert_eq!((summary.requests, summary.sent_bytes), (6, 30), "without a token nothing is sent");
        assert!(!summary.all_accepted());
    }

    #[test]
    fn what_was_under_way_when_somebody_stopped_it_is_not_delivered_and_said() {
        let stopped = |is_read| {
            let mut stopped = summary(&[delivery(5, Fate::Taken { left_out: 0, why: String::new() })]);
            let mut batch = Batch::default();
            (0..3).for_each(|_| batch.push(b"{}"));
            stopped.read(&batch);
            stopped.stop(is_read);
            stopped
        };
        let whole = stopped(true);
        assert_eq!((whole.events, whole.accepted, whole.not_delivered), (8, 5, 3));
        assert!(!whole.all_accepted() && whole.broke_off.is_none(), "{whole}");
        assert!(whole.to_string().contains("3 because: stopped before the answer came"), "{whole}");
        assert!(stopped(false).to_string().contains("stopped by Ctrl-C or a signal; the rest was not sent"));
    }

    #[test]
    fn an_empty_file_is_said_and_so_is_where_to_look_for_what_is_never_read() {
        assert_eq!(summary(&[]).to_string(), "eve.json is empty: nothing was sent");
        let taken = summary(&[delivery(5, Fate::Taken { left_out: 0, why: String::new() })]).to_string();
        assert!(taken.contains("schildwacht dead-letters list --service network-monitor"), "{taken}");
        let refused = summary(&[delivery(5, Fate::Refused("403".to_owned()))]).to_string();
        assert!(!refused.contains("dead-letters") && !refused.contains("empty"), "{refused}");
    }

    #[test]
    fn where_in_the_file_is_told_of_the_first_of_many_flaws() {
        let flawed = |request: u64| Delivery {
            place: Some((request * 10 + 1, request * 10 + 10)),
            ..delivery(10, Fate::Taken { left_out: 1, why: "1 malformed, the first at line 3: no JSON".to_owned() })
        };
        let told = summary(&(0..30).map(flawed).collect::<Vec<_>>());
        assert_eq!((told.reasons.len(), told.reasons.values().sum::<u64>()), (MOST_PLACES + 1, 30));
        let first = "1 because: 1 malformed, the first at line 3: no JSON (of a request that holds lines 1 to 10 of the file)";
        assert!(told.to_string().contains(first) && told.to_string().contains("10 because: the like, further on in the file"), "{told}");
        let elsewhere = summary(&[Delivery { place: Some((1, 10)), ..delivery(10, Fate::Refused("403".to_owned())) }]);
        assert_eq!(elsewhere.reasons.keys().collect::<Vec<_>>(), ["403"]);
    }

    #[test]
    fn all_accepted_means_all() {
        assert!(summary(&[delivery(5, Fate::Taken { left_out: 0, why: String::new() })]).all_accepted());
        let mut with_a_long_one = summary(&[]);
        with_a_long_one.end(1, with_a_long_one.began);
        assert!(!with_a_long_one.all_accepted());
    }
}
