//! How far it is proven who an organisation is: computed from its checks alone.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Check, CheckKind, CheckOutcome, Claimed, DomainProof, Override, Subject};

/// The level of an organisation. The numbers are those of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::FromRepr, strum::VariantArray, serde::Serialize)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum EnrolmentLevel {
    /// Of a school.
    Unproven = 1,
    Provisional,
    Confirmed,
    /// Of a vendor.
    Draft,
    MaySubmit,
    /// What was proven holds no more.
    Lapsed,
    /// Of a vendor: the register says that the company has stopped.
    Suspended,
}

/// An organisation with what its checks prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub claimed: Claimed,
    /// Until when the first rung holds, or held: a school is provisional, a vendor may submit. `None`: never reached.
    pub first_until: Option<DateTime<Utc>>,
    /// Until when a school is confirmed, or was.
    pub top_until: Option<DateTime<Utc>>,
    /// The register of companies says that it has stopped.
    pub struck_off: bool,
}

/// How far one kind of check holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    pub kind: CheckKind,
    /// Until when it holds, or held; `None`: it never did. What has no end holds until the last moment there is.
    pub until: Option<DateTime<Utc>>,
}

/// All that is known of how far one organisation is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentDetails {
    pub standing: Standing,
    pub requirements: Vec<Requirement>,
    /// The newest first.
    pub checks: Vec<Check>,
    /// The newest first.
    pub overrides: Vec<Override>,
    /// Of a vendor: the token for the domain it has now.
    pub domain_proof: Option<DomainProof>,
}

impl Claimed {
    /// How far each kind of check holds, of all that were made, the oldest first.
    pub fn requirements(&self, checks: &[Check]) -> Vec<Requirement> {
        let requirement = |kind: &CheckKind| {
            let mut values: BTreeMap<&str, Proof> = BTreeMap::new();
            for check in checks.iter().filter(|check| check.kind == *kind && self.is_about(check)) {
                values.entry(&check.value).or_default().add(check);
            }
            Requirement { kind: *kind, until: values.into_values().filter_map(|proof| proof.until).max() }
        };
        CheckKind::of(self.subject).iter().map(requirement).collect()
    }
}

/// How far the checks of one value prove it.
#[derive(Default)]
struct Proof {
    until: Option<DateTime<Utc>>,
    failures: u32,
}

impl Proof {
    /// The last pass counts, and ends early at so many failures after it.
    fn add(&mut self, check: &Check) {
        let failures_that_end = check.kind.failures_that_end();
        match check.outcome {
            CheckOutcome::Passed => *self = Self { until: Some(check.until.unwrap_or(DateTime::<Utc>::MAX_UTC)), failures: 0 },
            CheckOutcome::Failed => self.failures += 1,
            CheckOutcome::Ended => self.failures = failures_that_end,
            CheckOutcome::Unanswered => {}
        }
        if self.failures >= failures_that_end {
            self.until = self.until.map(|until| until.min(check.at));
        }
    }
}

impl Standing {
    /// By all its checks, the oldest first.
    pub fn of(claimed: Claimed, checks: &[Check]) -> Self {
        let proven: Vec<Option<DateTime<Utc>>> = claimed.requirements(checks).iter().map(|requirement| requirement.until).collect();
        // `None` is below every moment, so one that is missing makes the whole missing.
        let all = |proven: &[Option<DateTime<Utc>>]| proven.iter().copied().min().flatten();
        let (first_until, top_until) = match claimed.subject {
            Subject::School(_) => (all(&proven[..2]), all(&proven)),
            Subject::Vendor(_) => (all(&proven), None),
        };
        // Under whatever name: another one does not bring a company back.
        let is_number = |check: &Check| check.value.split_once('@').is_some_and(|(number, _)| number == claimed.number);
        let of_register = |check: &&Check| check.kind == CheckKind::CompanyRegister && is_number(check);
        let decided = checks.iter().filter(of_register).rfind(|check| check.outcome != CheckOutcome::Unanswered);
        let struck_off = decided.is_some_and(|check| check.outcome == CheckOutcome::Failed);
        Self { claimed, first_until, top_until, struck_off }
    }

    pub fn level(&self, now: DateTime<Utc>) -> EnrolmentLevel {
        let holds = |until: Option<DateTime<Utc>>| until.is_some_and(|until| now < until);
        match self.claimed.subject {
            Subject::Vendor(_) if self.struck_off => EnrolmentLevel::Suspended,
            Subject::School(_) if holds(self.top_until) => EnrolmentLevel::Confirmed,
            Subject::School(_) if holds(self.first_until) => EnrolmentLevel::Provisional,
            Subject::Vendor(_) if holds(self.first_until) => EnrolmentLevel::MaySubmit,
            _ if self.first_until.is_some() => EnrolmentLevel::Lapsed,
            Subject::School(_) => EnrolmentLevel::Unproven,
            Subject::Vendor(_) => EnrolmentLevel::Draft,
        }
    }

    /// When the level falls, if nothing is renewed.
    pub fn level_ends(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.level(now) {
            EnrolmentLevel::Confirmed => self.top_until,
            EnrolmentLevel::Provisional | EnrolmentLevel::MaySubmit => self.first_until,
            EnrolmentLevel::Unproven | EnrolmentLevel::Draft | EnrolmentLevel::Lapsed | EnrolmentLevel::Suspended => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;
    use strum::VariantArray as _;
    use uuid::Uuid;

    use super::*;
    use crate::domain::EvidenceHash;

    fn day(number: i64) -> DateTime<Utc> {
        "2026-11-24T09:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(number)
    }

    fn school() -> Claimed {
        Claimed {
            subject: Subject::School(Uuid::from_u128(1).into()),
            name: "De Zandloper".to_owned(),
            number: "990101".to_owned(),
            domain: None,
        }
    }

    fn vendor() -> Claimed {
        Claimed {
            subject: Subject::Vendor(Uuid::from_u128(2).into()),
            name: "Leermaat".to_owned(),
            number: "0428.759.497".to_owned(),
            domain: Some("leermaat.be".to_owned()),
        }
    }

    fn check(claimed: &Claimed, kind: CheckKind, value: &str, outcome: CheckOutcome, (at, until): (i64, Option<i64>)) -> Check {
        Check {
            id: Uuid::from_u128(3).into(),
            subject: claimed.subject,
            kind,
            value: value.to_owned(),
            made_by: "service:identity".to_owned(),
            at: day(at),
            until: until.map(day),
            evidence: EvidenceHash::of("evidence"),
            outcome,
            reason: String::new(),
        }
    }

    use CheckOutcome::{Failed, Passed, Unanswered};

    #[test]
    fn a_school_climbs_by_register_director_and_board_and_falls_when_they_end() {
        let made = [
            check(&school(), CheckKind::SchoolRegister, "990101", Passed, (0, None)),
            check(&school(), CheckKind::Director, "appointment:1", Passed, (1, Some(366))),
            check(&school(), CheckKind::Board, "board:1", Passed, (2, Some(100))),
        ];
        let level = |checks: usize, now| Standing::of(school(), &made[..checks]).level(day(now));
        assert_eq!(level(0, 0), EnrolmentLevel::Unproven);
        assert_eq!(level(1, 0), EnrolmentLevel::Unproven);
        assert_eq!(level(2, 1), EnrolmentLevel::Provisional);
        assert_eq!(level(3, 99), EnrolmentLevel::Confirmed);
        assert_eq!(level(3, 100), EnrolmentLevel::Provisional, "the board has to confirm each year");
        assert_eq!(level(3, 366), EnrolmentLevel::Lapsed);
        let standing = Standing::of(school(), &made);
        assert_eq!([2, 100, 366].map(|now| standing.level_ends(day(now))), [Some(day(100)), Some(day(366)), None]);
    }

    #[test]
    fn the_board_alone_proves_nothing() {
        let made = [
            check(&school(), CheckKind::SchoolRegister, "990101", Passed, (0, None)),
            check(&school(), CheckKind::Board, "board:1", Passed, (2, Some(367))),
        ];
        assert_eq!(Standing::of(school(), &made).level(day(3)), EnrolmentLevel::Unproven);
    }

    #[test]
    fn a_second_director_holds_the_level_when_the_first_stops() {
        let made = [
            check(&school(), CheckKind::SchoolRegister, "990101", Passed, (0, None)),
            check(&school(), CheckKind::Director, "appointment:1", Passed, (1, Some(366))),
            check(&school(), CheckKind::Director, "appointment:2", Passed, (2, Some(367))),
            check(&school(), CheckKind::Director, "appointment:1", Passed, (5, Some(5))),
        ];
        assert_eq!(Standing::of(school(), &made).first_until, Some(day(367)));
        assert_eq!(Standing::of(school(), &made[..2]).level(day(6)), EnrolmentLevel::Provisional);
        let alone = [made[0].clone(), made[1].clone(), made[3].clone()];
        assert_eq!(Standing::of(school(), &alone).level(day(6)), EnrolmentLevel::Lapsed);
    }

    fn proven_vendor() -> Vec<Check> {
        vec![
            check(&vendor(), CheckKind::CompanyRegister, "0428.759.497@Leermaat", Passed, (0, Some(365))),
            check(&vendor(), CheckKind::Domain, "leermaat.be", Passed, (1, Some(31))),
        ]
    }

    #[test]
    fn a_domain_lapses_at_the_second_miss_in_a_row_and_never_by_silence() {
        let miss = |at| check(&vendor(), CheckKind::Domain, "leermaat.be", Failed, (at, None));
        let silence = |at| check(&vendor(), CheckKind::Domain, "leermaat.be", Unanswered, (at, None));
        let pass = |at: i64| check(&vendor(), CheckKind::Domain, "leermaat.be", Passed, (at, Some(at + 30)));
        let level = |more: Vec<Check>| Standing::of(vendor(), &[proven_vendor(), more].concat()).level(day(25));
        assert_eq!(level(vec![]), EnrolmentLevel::MaySubmit);
        assert_eq!(level(vec![miss(8)]), EnrolmentLevel::MaySubmit);
        assert_eq!(level(vec![miss(8), silence(12), miss(15)]), EnrolmentLevel::Lapsed);
        assert_eq!(level(vec![miss(8), pass(15), miss(22)]), EnrolmentLevel::MaySubmit);
        assert_eq!(level(vec![silence(8), silence(15), silence(22)]), EnrolmentLevel::MaySubmit);
        assert_eq!(level(vec![miss(8), miss(15), pass(22)]), EnrolmentLevel::MaySubmit);
    }

    #[test]
    fn the_proof_of_a_former_domain_counts_no_more() {
        let moved = Claimed { domain: Some("leermaat.example".to_owned()), ..vendor() };
        assert_eq!(Standing::of(moved.clone(), &proven_vendor()).level(day(2)), EnrolmentLevel::Draft);
        let mut overridden = proven_vendor();
        overridden[1].value = "override:1@leermaat.be".to_owned();
        assert_eq!(Standing::of(vendor(), &overridden).level(day(2)), EnrolmentLevel::MaySubmit);
        assert_eq!(Standing::of(moved, &overridden).level(day(2)), EnrolmentLevel::Draft);
    }

    #[test]
    fn what_the_register_of_companies_says_counts_for_the_name_that_was_looked_up() {
        let register = |name: &str, at, outcome| {
            let named = Claimed { name: name.to_owned(), ..vendor() };
            check(&named, CheckKind::CompanyRegister, &named.in_register(), outcome, (at, Some(at + 365)))
        };
        let level = |name: &str, more: Vec<Check>| {
            let named = Claimed { name: name.to_owned(), ..vendor() };
            Standing::of(named, &[proven_vendor(), more].concat()).level(day(10))
        };
        assert_eq!(level("Microsoft", vec![]), EnrolmentLevel::Draft);
        assert_eq!(level("Leer@Microsoft", vec![register("Microsoft", 5, Passed)]), EnrolmentLevel::Draft);
        assert_eq!(level("Leermaat NV", vec![register("Leermaat NV", 5, Passed)]), EnrolmentLevel::MaySubmit);
        assert_eq!(level("Leermaat", vec![register("Leermaat NV", 5, Passed)]), EnrolmentLevel::MaySubmit, "it has its old name again");
        assert_eq!(
            level("Leermaat NV", vec![register("Leermaat", 5, Failed)]),
            EnrolmentLevel::Suspended,
            "a new name brings nothing back"
        );
    }

    #[test]
    fn an_override_that_is_withdrawn_ends_alone() {
        let of_two = |outcome, at| check(&vendor(), CheckKind::Domain, "override:1@leermaat.be", outcome, (at, Some(90)));
        let ended = |more: Vec<Check>| Standing::of(vendor(), &[more, vec![of_two(Passed, 2), of_two(CheckOutcome::Ended, 3)]].concat());
        assert_eq!(ended(proven_vendor()).first_until, Some(day(31)), "the domain itself is proven too");
        assert_eq!(ended(vec![proven_vendor()[0].clone()]).level(day(4)), EnrolmentLevel::Lapsed);
    }

    #[test]
    fn a_company_that_has_stopped_is_suspended_until_the_register_says_otherwise() {
        let register = |at, outcome| check(&vendor(), CheckKind::CompanyRegister, "0428.759.497@Leermaat", outcome, (at, Some(at + 365)));
        let level = |more: Vec<Check>| Standing::of(vendor(), &[proven_vendor(), more].concat()).level(day(10));
        assert_eq!(level(vec![register(5, Failed)]), EnrolmentLevel::Suspended);
        assert_eq!(level(vec![register(5, Failed), register(6, Unanswered)]), EnrolmentLevel::Suspended);
        assert_eq!(level(vec![register(5, Failed), register(6, Passed)]), EnrolmentLevel::MaySubmit);
        let overridden = check(&vendor(), CheckKind::CompanyRegister, "override:1@Leermaat", Passed, (7, Some(90)));
        assert_eq!(level(vec![register(5, Failed), overridden]), EnrolmentLevel::Suspended, "nobody overrides that it has stopped");
    }

    fn any_checks() -> impl Strategy<Value = Vec<Check>> {
        let one = (
            prop::sample::select(&[CheckKind::CompanyRegister, CheckKind::Domain]),
            prop::sample::select(CheckOutcome::VARIANTS),
            0..60_i64,
        );
        prop::collection::vec(one, 0..12).prop_map(|made| {
            let mut checks: Vec<Check> = made
                .into_iter()
                .map(|(kind, outcome, at)| {
                    let value = if kind == CheckKind::Domain { "leermaat.be" } else { "0428.759.497@Leermaat" };
                    check(&vendor(), kind, value, outcome, (at, Some(at + 30)))
                })
                .collect();
            checks.sort_by_key(|check| check.at);
            checks
        })
    }

    proptest! {
        #[test]
        fn nobody_may_submit_without_a_pass_of_every_kind_that_holds(checks in any_checks(), now in 0..100_i64) {
            let made: Vec<Check> = checks.into_iter().filter(|check| check.at <= day(now)).collect();
            let may = Standing::of(vendor(), &made).level(day(now)) == EnrolmentLevel::MaySubmit;
            let passed = |kind| made.iter().any(|check| check.kind == kind && check.outcome == Passed && check.until > Some(day(now)));
            prop_assert!(!may || (passed(CheckKind::CompanyRegister) && passed(CheckKind::Domain)));
        }

        #[test]
        fn silence_changes_nothing(checks in any_checks()) {
            let answered: Vec<Check> = checks.iter().filter(|check| check.outcome != Unanswered).cloned().collect();
            prop_assert_eq!(Standing::of(vendor(), &checks), Standing::of(vendor(), &answered));
        }
    }
}
