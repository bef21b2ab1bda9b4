//! Proof of a domain: the vendor puts a token into its DNS, and we look for it, again every week.

use chrono::{DateTime, Days, TimeDelta, Utc};
use runtime::{Error, VendorId};

use super::{CheckOutcome, DomainName};

/// Where we look, below the domain: a label of our own, so that the owner of a zone can hand it out alone. It is about this name only.
const LABEL: &str = "_schildwacht-challenge";

/// What a vendor is to place, and when we look for it. It is bound to the vendor and the domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainProof {
    pub vendor_id: VendorId,
    pub domain: DomainName,
    /// No secret: it is published in the DNS. 256 random bits, so that nobody guesses one before.
    pub token: String,
    /// Until when it can be placed for a first proof.
    pub place_by: DateTime<Utc>,
    pub last_look: Option<Look>,
    /// When we look by ourselves; `None`: only when asked.
    pub next_look: Option<DateTime<Utc>>,
    pub issued_of_day: OfDay,
    pub looks_of_day: OfDay,
}

/// A look for the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    pub at: DateTime<Utc>,
    pub outcome: CheckOutcome,
}

/// How often something was done within a day that began then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfDay {
    pub since: DateTime<Utc>,
    pub count: u32,
}

/// What was found in the DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The texts of all records; none where there is none.
    Records(Vec<String>),
    /// The name is an alias of an alias of …
    TooManyAliases,
    /// Nobody answered in time, or said that they cannot.
    Silence,
}

/// Why an act was refused. All is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum DomainProofRefusal {
    #[error("there is no token for this domain; ask for one first")]
    NoToken,
    #[error("this token was not placed within {} days; ask for a new one", DomainProof::PLACE_WITHIN.num_days())]
    TokenExpired,
    #[error("{} tokens were given within a day; place the last one, or wait until tomorrow", DomainProof::MOST_ISSUED)]
    TooManyTokens,
    #[error(
        "we looked {} times within a day; changes of the DNS may take an hour, and we can look again tomorrow",
        DomainProof::MOST_LOOKS
    )]
    TooManyLooks,
}

impl From<DomainProofRefusal> for Error {
    fn from(refusal: DomainProofRefusal) -> Self {
        Self::failed_precondition(refusal.into(), refusal.to_string())
    }
}

impl OfDay {
    const DAY: TimeDelta = TimeDelta::days(1);

    const fn none(now: DateTime<Utc>) -> Self {
        Self { since: now, count: 0 }
    }

    /// Once more, if that is not more than `most` of this day.
    fn once_more(self, most: u32, now: DateTime<Utc>) -> Option<Self> {
        let of_today = if now - self.since >= Self::DAY { Self::none(now) } else { self };
        (of_today.count < most).then_some(Self { count: of_today.count + 1, ..of_today })
    }
}

impl DomainProof {
    /// As Apple gives for the domains of a school.
    pub const PLACE_WITHIN: TimeDelta = TimeDelta::days(14);
    /// Tokens of a vendor in a day.
    pub const MOST_ISSUED: u32 = 5;
    /// Looks that a vendor asks for in a day, those without an answer too.
    pub const MOST_LOOKS: u32 = 20;
    /// How long a look that found the token holds: a month in which nobody looked proves nothing.
    pub const HOLDS: Days = Days::new(30);
    const WEEK: TimeDelta = TimeDelta::days(7);
    /// After silence: a server that is down today may be up tomorrow.
    const TOMORROW: TimeDelta = TimeDelta::days(1);

    /// A new token, in place of the one that the vendor had.
    pub fn issue(
        before: Option<&Self>,
        (vendor_id, domain): (VendorId, DomainName),
        token: String,
        now: DateTime<Utc>,
    ) -> Result<Self, DomainProofRefusal> {
        let issued = before.map_or(OfDay::none(now), |before| before.issued_of_day);
        let issued_of_day = issued.once_more(Self::MOST_ISSUED, now).ok_or(DomainProofRefusal::TooManyTokens)?;
        let looks_of_day = before.map_or(OfDay::none(now), |before| before.looks_of_day);
        let place_by = now + Self::PLACE_WITHIN;
        Ok(Self { vendor_id, domain, token, place_by, last_look: None, next_look: None, issued_of_day, looks_of_day })
    }

    /// Counts a look before it is made, so that one without an answer counts too. `proven`: whether the domain is proven now.
    pub fn begin_look(&mut self, proven: bool, now: DateTime<Utc>) -> Result<(), DomainProofRefusal> {
        if !proven && now >= self.place_by {
            return Err(DomainProofRefusal::TokenExpired);
        }
        self.looks_of_day = self.looks_of_day.once_more(Self::MOST_LOOKS, now).ok_or(DomainProofRefusal::TooManyLooks)?;
        Ok(())
    }

    /// Takes the turn of a look by ourselves: nobody else makes it today.
    pub fn take_turn(&mut self, now: DateTime<Utc>) {
        self.next_look = Some(now + Self::TOMORROW);
    }

    /// `proven`: whether the domain is proven after this look. What is not proven is looked for only when asked.
    pub fn end_look(&mut self, outcome: CheckOutcome, proven: bool, now: DateTime<Utc>) {
        self.last_look = Some(Look { at: now, outcome });
        let pause = if outcome == CheckOutcome::Unanswered { Self::TOMORROW } else { Self::WEEK };
        self.next_look = proven.then(|| now + pause);
    }

    /// The name of the record.
    pub fn record_name(&self) -> String {
        format!("{LABEL}.{}", self.domain)
    }

    /// The text of the record.
    pub fn record_value(&self) -> String {
        format!("token={}", self.token)
    }

    /// What an answer says, and why. One record of many is enough; what follows the token in it is the vendor's.
    pub fn judge(&self, answer: &Answer) -> (CheckOutcome, &'static str) {
        match answer {
            Answer::Silence => (CheckOutcome::Unanswered, "no_answer"),
            Answer::TooManyAliases => (CheckOutcome::Failed, "too_many_aliases"),
            Answer::Records(texts) if texts.is_empty() => (CheckOutcome::Failed, "no_record"),
            Answer::Records(texts) => {
                let is_ours = |text: &String| text.split_whitespace().next() == Some(self.record_value().as_str());
                if texts.iter().any(is_ours) { (CheckOutcome::Passed, "token_found") } else { (CheckOutcome::Failed, "other_token") }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn day(number: i64) -> DateTime<Utc> {
        "2026-11-24T09:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(number)
    }

    fn issue(before: Option<&DomainProof>, now: DateTime<Utc>) -> Result<DomainProof, DomainProofRefusal> {
        let of = (Uuid::from_u128(1).into(), "leermaat.be".try_into().unwrap());
        DomainProof::issue(before, of, "abc".to_owned(), now)
    }

    #[test]
    fn one_record_with_the_token_is_enough_and_nothing_less() {
        let proof = issue(None, day(0)).unwrap();
        assert_eq!(proof.record_name(), "_schildwacht-challenge.leermaat.be");
        let judge = |texts: &[&str]| proof.judge(&Answer::Records(texts.iter().map(|text| (*text).to_owned()).collect()));
        assert_eq!(judge(&["token=abc"]), (CheckOutcome::Passed, "token_found"));
        assert_eq!(judge(&["v=spf1 -all", "token=abc expiry=never", "token=xyz"]), (CheckOutcome::Passed, "token_found"));
        for texts in [&["token=abcd"][..], &["token=ab"], &["abc"], &["TOKEN=abc"], &["xtoken=abc"], &["expiry=never token=abc"], &[""]] {
            assert_eq!(judge(texts), (CheckOutcome::Failed, "other_token"), "{texts:?}");
        }
        assert_eq!(judge(&[]), (CheckOutcome::Failed, "no_record"));
        assert_eq!(proof.judge(&Answer::TooManyAliases), (CheckOutcome::Failed, "too_many_aliases"));
        assert_eq!(proof.judge(&Answer::Silence), (CheckOutcome::Unanswered, "no_answer"));
    }

    #[test]
    fn a_token_is_placed_within_two_weeks_and_once_proven_it_stays_good() {
        let mut proof = issue(None, day(0)).unwrap();
        assert_eq!(proof.clone().begin_look(false, day(14)), Err(DomainProofRefusal::TokenExpired));
        proof.begin_look(false, day(14) - TimeDelta::seconds(1)).unwrap();
        proof.begin_look(true, day(300)).unwrap();
    }

    #[test]
    fn a_vendor_gets_five_tokens_and_twenty_looks_a_day() {
        let mut proof = issue(None, day(0)).unwrap();
        for _ in 1..5 {
            proof = issue(Some(&proof), day(0)).unwrap();
        }
        assert_eq!(issue(Some(&proof), day(1) - TimeDelta::seconds(1)), Err(DomainProofRefusal::TooManyTokens));
        for _ in 0..20 {
            proof.begin_look(false, day(0)).unwrap();
        }
        assert_eq!(proof.clone().begin_look(false, day(0)), Err(DomainProofRefusal::TooManyLooks));
        let mut renewed = issue(Some(&proof), day(1)).unwrap();
        assert_eq!(renewed.issued_of_day.count, 1);
        assert!(renewed.begin_look(false, day(1)).is_ok(), "it is another day");
        let mut of_same_day = DomainProof { issued_of_day: OfDay::none(day(0)), ..proof };
        of_same_day = issue(Some(&of_same_day), day(0)).unwrap();
        assert_eq!(of_same_day.begin_look(false, day(0)), Err(DomainProofRefusal::TooManyLooks), "a new token gives no new looks");
    }

    #[test]
    fn we_look_again_in_a_week_after_silence_tomorrow_and_not_at_what_is_not_proven() {
        let mut proof = issue(None, day(0)).unwrap();
        let mut next = |outcome, proven| {
            proof.end_look(outcome, proven, day(0));
            proof.next_look
        };
        assert_eq!(next(CheckOutcome::Passed, true), Some(day(7)));
        assert_eq!(next(CheckOutcome::Failed, true), Some(day(7)), "the first miss");
        assert_eq!(next(CheckOutcome::Unanswered, true), Some(day(1)));
        assert_eq!(next(CheckOutcome::Failed, false), None);
    }
}
