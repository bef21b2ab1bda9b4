//! Whatever people and sensors do in whatever order, a case stays a case.

use std::collections::BTreeSet;

use proptest::prelude::*;
use runtime::{AlertId, PersonId, SchoolId};
use strum::VariantArray as _;
use uuid::Uuid;

use super::*;
use crate::domain::{
    alert::{Alert, AlertSeverity, Endpoint},
    class::{Rise, RiseFrom, SeverityByAlert},
    target::{TargetTimes, near_from},
    threshold::Threshold,
};

const TARGETS: TargetTable = TargetTable {
    low: TargetTimes { react_within: TimeDelta::hours(24), resolve_within: TimeDelta::hours(240) },
    medium: TargetTimes { react_within: TimeDelta::hours(4), resolve_within: TimeDelta::hours(120) },
    high: TargetTimes { react_within: TimeDelta::minutes(30), resolve_within: TimeDelta::hours(72) },
    very_high: TargetTimes { react_within: TimeDelta::minutes(15), resolve_within: TimeDelta::hours(24) },
};

fn class() -> IncidentClass {
    let text = || Text { nl: "Iets".to_owned(), en: "Something".to_owned() };
    IncidentClass {
        id: "scan".to_owned(),
        rsit: Rsit { class: "information-gathering".to_owned(), kind: "scanner".to_owned() },
        rsit_name: text(),
        title: text(),
        story: Story { what: text(), r#do: vec![text()], do_not: vec![text()], call: text() },
        severity: SeverityByAlert { low: Severity::Low, medium: Severity::Medium, high: Severity::High },
        rises: vec![Rise { from: RiseFrom::Alerts(8), to: Severity::VeryHigh }, Rise { from: RiseFrom::Events(50), to: Severity::High }],
        opens: Threshold::FirstAlert,
    }
}

fn start() -> DateTime<Utc> {
    "2026-09-24T09:50:00Z".parse().unwrap()
}

fn person(number: u64) -> Person {
    Person { id: PersonId::from(Uuid::from_u64_pair(1, number)), name: format!("Person {number}") }
}

fn news(alert: u64, severity: AlertSeverity, new_events: u64, at: DateTime<Utc>) -> AlertNews {
    let alert = Alert {
        id: AlertId::from(Uuid::from_u64_pair(2, alert)),
        school_id: SchoolId::from(Uuid::from_u64_pair(3, 1)),
        signature: Signature { id: "suricata:1:1".to_owned(), text: "ET SCAN".to_owned(), category: String::new() },
        severity,
        source: Endpoint::default(),
        destination: Endpoint::default(),
        destination_count: 1,
        destination_ips: Vec::new(),
        protocol: "tcp".to_owned(),
        sensor: "suricata".to_owned(),
        first_at: at,
        last_at: at,
        event_count: new_events,
        raw_event: String::new(),
    };
    AlertNews { alert, first: true, new_events }
}

fn opened_with(news: &AlertNews, earlier: &[AlertNews]) -> Case {
    let id = CaseId::from(Uuid::from_u64_pair(4, 1));
    let reference = Reference { year: 2026, number: 1 };
    let school = School::unnamed(news.alert.school_id);
    let opening =
        Opening { id, reference, school, class: &class(), content_version: "2026.1", targets: &TARGETS, news, earlier, at: start() };
    Case::open(opening).0
}

fn opened(severity: AlertSeverity) -> Case {
    opened_with(&news(1, severity, 1, start()), &[])
}

fn because() -> ReasonWords {
    ReasonWords::parse("Nagekeken met de ICT-coördinator").unwrap()
}

#[test]
fn a_target_is_near_while_there_is_still_time_to_act() {
    let left = |allowed: TimeDelta| start() + allowed - near_from(start(), start() + allowed);
    let (minutes, hours) = (TimeDelta::minutes, TimeDelta::hours);
    assert_eq!([minutes(15), minutes(30), hours(4), hours(24)].map(left), [TimeDelta::seconds(450), minutes(15), hours(2), hours(12)]);
    assert_eq!([hours(72), hours(120), hours(240)].map(left), [hours(24), hours(30), hours(60)]);
    assert_eq!(near_from(start(), start() - hours(1)), start() - hours(1), "what was late before it began");
}

#[test]
fn what_is_near_stays_near_when_a_case_grows_worse() {
    let mut case = opened(AlertSeverity::Low);
    let later = start() + TimeDelta::hours(13);
    assert!(case.targets.react_soon < later);
    case.attach(&news(2, AlertSeverity::High, 1, later), true, &class(), &TARGETS, later).unwrap();
    assert!(case.targets.react_soon < later && case.due_at().unwrap() > later);
}

#[test]
fn targets_come_from_content_and_severity() {
    let case = opened(AlertSeverity::High);
    assert_eq!(case.severity, Severity::High);
    assert_eq!(case.targets, TARGETS.from(start(), Severity::High));
    assert_eq!(case.due_at(), Some(case.targets.react_by));
}

#[test]
fn what_filled_the_window_counts_in_the_new_case() {
    let earlier = [news(1, AlertSeverity::High, 30, start()), news(2, AlertSeverity::Low, 5, start())];
    let case = opened_with(&news(3, AlertSeverity::Low, 1, start()), &earlier);
    assert_eq!((case.tally.alerts, case.tally.events, case.severity), (3, 36, Severity::High));
}

#[test]
fn the_next_target_after_the_reaction_is_the_solution() {
    let mut case = opened(AlertSeverity::High);
    case.assign(Some(person(1)), start() + TimeDelta::minutes(5)).unwrap();
    assert_eq!(case.due_at(), Some(case.targets.resolve_by));
    case.assign(None, start() + TimeDelta::minutes(6)).unwrap();
    assert_eq!(case.reacted_at, Some(start() + TimeDelta::minutes(5)), "giving a case back does not undo the reaction");
}

#[test]
fn whatever_a_person_does_first_is_the_reaction_and_nothing_after_it() {
    let after = TimeDelta::minutes(7);
    let acts: [fn(&mut Case, DateTime<Utc>); 3] = [
        |case, at| drop(case.assign(Some(person(1)), at).unwrap()),
        |case, at| drop(case.change_phase(Phase::Containment, at).unwrap()),
        |case, at| drop(case.close(CloseReason::Resolved, because(), person(1), at).unwrap()),
    ];
    for act in acts {
        let mut case = opened(AlertSeverity::High);
        let before = case.reacted_at;
        act(&mut case, start() + after);
        assert_eq!(case.first_reaction(before), Some(after));
        assert_eq!(case.first_reaction(case.reacted_at), None);
    }
}

#[test]
fn giving_a_case_to_who_has_it_changes_nothing() {
    let mut case = opened(AlertSeverity::Low);
    case.assign(Some(person(1)), start()).unwrap();
    let before = case.clone();
    assert_eq!(case.assign(Some(person(1)), start() + TimeDelta::hours(1)), Ok(None));
    assert_eq!(case, before);
}

#[test]
fn a_rise_of_severity_tightens_the_clock_from_now_on() {
    let mut case = opened(AlertSeverity::Low);
    let later = start() + TimeDelta::hours(10);
    let changes = case.attach(&news(2, AlertSeverity::High, 1, later), true, &class(), &TARGETS, later).unwrap();
    assert_eq!(changes[1], CaseChange::SeverityRaised { from: Severity::Low, to: Severity::High });
    assert_eq!(case.targets.react_by, later + TimeDelta::minutes(30));
}

#[test]
fn numbers_alone_can_raise_severity() {
    let mut case = opened(AlertSeverity::Low);
    let changes = case.attach(&news(1, AlertSeverity::Low, 49, start()), false, &class(), &TARGETS, start()).unwrap();
    assert_eq!(changes, [CaseChange::SeverityRaised { from: Severity::Low, to: Severity::High }]);
}

#[test]
fn a_busy_sensor_leaves_few_entries_in_the_timeline() {
    let mut case = opened(AlertSeverity::Low);
    let mut told = Vec::new();
    for alert in 2..=1_000 {
        let changes = case.attach(&news(alert, AlertSeverity::Low, 3, start()), true, &class(), &TARGETS, start()).unwrap();
        told.extend(changes.into_iter().filter_map(|change| match change {
            CaseChange::AlertAttached { new_events, .. } => Some(new_events),
            _ => None,
        }));
    }
    assert_eq!(told.len(), 9, "entries at 2, 5, 10, 20, 50, 100, 200, 500 and 1,000 alerts");
    assert_eq!(told.iter().sum::<u64>(), 999 * 3, "no event is missing from what was told");
}

#[test]
fn closing_keeps_reason_words_and_person() {
    let mut case = opened(AlertSeverity::Low);
    case.change_phase(Phase::Recovery, start()).unwrap();
    case.close(CloseReason::Resolved, because(), person(7), start() + TimeDelta::hours(1)).unwrap();
    let State::Closed(closure) = &case.state else { panic!("{:?}", case.state) };
    assert_eq!((closure.reason, &closure.by, closure.phase), (CloseReason::Resolved, &person(7), Phase::Recovery));
    assert_eq!(case.due_at(), None);
}

#[test]
fn a_reopened_case_is_in_the_phase_it_was_in_and_has_time_again() {
    let mut case = opened(AlertSeverity::High);
    case.change_phase(Phase::Recovery, start()).unwrap();
    case.close(CloseReason::Resolved, because(), person(1), start()).unwrap();
    let later = start() + TimeDelta::days(30);
    let before = case.targets;
    case.reopen(because(), &TARGETS, later).unwrap();
    assert_eq!(case.state, State::Active { phase: Phase::Recovery, since: later });
    let with_time_again = Targets { resolve_by: later + TimeDelta::hours(72), resolve_soon: later + TimeDelta::hours(48), ..before };
    assert_eq!(case.targets, with_time_again, "neither late nor near its target at once");
}

#[test]
fn only_a_recent_false_positive_that_is_not_worse_now_keeps_quiet() {
    let quiet_for = TimeDelta::days(14);
    let closed_as = |reason| {
        let mut case = opened(AlertSeverity::Medium);
        case.close(reason, because(), person(1), start()).unwrap();
        case
    };
    let mut false_positive = closed_as(CloseReason::FalsePositive);
    let within = start() + TimeDelta::days(13);
    assert!(false_positive.keeps_quiet(Severity::Medium, quiet_for, within));
    assert!(!false_positive.keeps_quiet(Severity::High, quiet_for, within), "worse than what was judged");
    assert!(!false_positive.keeps_quiet(Severity::Medium, quiet_for, start() + quiet_for), "too long ago");
    assert!(!closed_as(CloseReason::Resolved).keeps_quiet(Severity::Low, quiet_for, within), "it was real");
    assert!(!opened(AlertSeverity::Low).keeps_quiet(Severity::Low, quiet_for, within), "it is open");
    for of_platform in ["schildwacht:flood", "schildwacht:over-rate", "schildwacht:unreadable"] {
        false_positive.signature.id = of_platform.to_owned();
        assert!(!false_positive.keeps_quiet(Severity::Low, quiet_for, within), "{of_platform}: a bound that is reached is always told");
    }
}

/// Something somebody or some sensor does.
#[derive(Debug, Clone)]
enum Act {
    Assign(Option<u64>),
    ChangePhase(Phase),
    Close(CloseReason),
    Reopen,
    Attach { alert: u64, severity: AlertSeverity, events: u64 },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    use AlertSeverity::{High, Low, Medium};
    use Phase::{Containment, Eradication, InProgress, Open, PostIncident, Recovery};
    let act = prop_oneof![
        2 => prop::option::of(0_u64..3).prop_map(Act::Assign),
        3 => prop::sample::select(vec![Open, InProgress, Containment, Eradication, Recovery, PostIncident]).prop_map(Act::ChangePhase),
        1 => prop::sample::select(CloseReason::VARIANTS).prop_map(Act::Close),
        1 => Just(Act::Reopen),
        4 => (1_u64..12, prop::sample::select(vec![Low, Medium, High]), 1_u64..10)
            .prop_map(|(alert, severity, events)| Act::Attach { alert, severity, events }),
    ];
    prop::collection::vec(act, 0..60)
}

proptest! {
    #[test]
    fn whatever_happens_the_case_holds_together(acts in acts()) {
        let mut case = opened(AlertSeverity::Low);
        let mut known_alerts = BTreeSet::from([1]);
        let mut events = 1_u64;
        let mut now = start();
        for act in acts {
            now += TimeDelta::minutes(7);
            let before = case.clone();
            let is_decision = !matches!(act, Act::Attach { .. });
            let outcome = match act {
                Act::Assign(to) => case.assign(to.map(person), now).map(Vec::from_iter),
                Act::ChangePhase(to) => case.change_phase(to, now).map(Vec::from_iter),
                Act::Close(reason) => case.close(reason, because(), person(9), now).map(|change| vec![change]),
                Act::Reopen => case.reopen(because(), &TARGETS, now).map(|change| vec![change]),
                Act::Attach { alert, severity, events: new_events } => {
                    let is_new = !known_alerts.contains(&alert);
                    let outcome = case.attach(&news(alert, severity, new_events, now), is_new, &class(), &TARGETS, now);
                    if outcome.is_ok() {
                        known_alerts.insert(alert);
                        events += new_events;
                    }
                    outcome
                }
            };

            let Ok(changes) = outcome else {
                prop_assert_eq!(&case, &before, "a refused act leaves no trace");
                continue;
            };
            let changed = case != before;
            prop_assert_eq!(changed && is_decision, is_decision && !changes.is_empty(), "a decision changes the case exactly when it says so");
            prop_assert_eq!(case.revision, before.revision + i64::from(is_decision && changed), "every decision counts once, a sensor never");
            prop_assert_eq!(case.updated_at, if changed { now } else { before.updated_at });
            prop_assert!(case.severity >= before.severity, "severity never falls");
            prop_assert!(case.targets.react_by <= before.targets.react_by, "the reaction never gets more time");
            prop_assert!(before.reacted_at.is_none() || case.reacted_at == before.reacted_at, "there is one first reaction");
            prop_assert_eq!(case.tally.alerts, known_alerts.len() as u64);
            prop_assert_eq!(case.tally.events, events);
            prop_assert_eq!(case.due_at().is_none(), !case.is_active(), "what is open is due");
            prop_assert!(case.is_active() || case.reacted_at.is_some(), "closing is a reaction");
            if let State::Active { since, .. } = case.state {
                prop_assert!(since <= now);
            }
        }
    }

    #[test]
    fn a_closed_case_takes_nothing_but_reopening(acts in acts()) {
        let mut case = opened(AlertSeverity::Low);
        case.close(CloseReason::Duplicate, because(), person(1), start()).unwrap();
        for act in acts {
            let refused = match act {
                Act::Assign(to) => case.assign(to.map(person), start()).err(),
                Act::ChangePhase(to) => case.change_phase(to, start()).err(),
                Act::Close(reason) => case.close(reason, because(), person(2), start()).err(),
                Act::Attach { alert, severity, events } => case.attach(&news(alert, severity, events, start()), true, &class(), &TARGETS, start()).err(),
                Act::Reopen => continue,
            };
            prop_assert_eq!(refused, Some(Refusal::Closed));
        }
    }
}
