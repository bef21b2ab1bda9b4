//! What is stored is read back, and updating it forgets nothing.

mod reach;

use auth::Scope;
use chrono::TimeDelta;
use content::Text;
use proptest::{
    array::{uniform8, uniform13},
    prelude::*,
};
use runtime::Words;
use storage::Paging;
use strum::VariantArray as _;
use testkit::{
    arbitrary::{id, moment, samples, text, word},
    on_both_stores,
};

use super::*;
use crate::domain::{
    alert::{Alert, AlertSeverity, Device, Endpoint, Signature},
    case::{Case, Closure, State, Tally},
    change::{CaseChange, TimelineEntry},
    class::Rsit,
    close_reason::CloseReason,
    person::Person,
    phase::{Phase, Phases},
    reference::Reference,
    school::School,
    severity::Severity,
    story::Story,
    target::Targets,
    threshold::Threshold,
    tlp::Tlp,
};

fn any_phase() -> impl Strategy<Value = Phase> {
    prop::sample::select(Phase::VARIANTS)
}

fn any_severity() -> impl Strategy<Value = Severity> {
    prop::sample::select(Severity::VARIANTS)
}

fn any_tlp() -> impl Strategy<Value = Tlp> {
    prop::sample::select(Tlp::VARIANTS)
}

fn any_reason() -> impl Strategy<Value = CloseReason> {
    prop::sample::select(CloseReason::VARIANTS)
}

fn any_words<const MAX: usize>() -> impl Strategy<Value = Words<MAX>> {
    word().prop_map(|word| Words::parse(&word).unwrap())
}

fn any_person() -> impl Strategy<Value = Person> {
    (id(), text()).prop_map(|(id, name)| Person { id, name })
}

fn any_count() -> impl Strategy<Value = u64> {
    0..=i64::MAX.unsigned_abs()
}

fn any_state() -> impl Strategy<Value = State> {
    let active = (any_phase(), moment()).prop_map(|(phase, since)| State::Active { phase, since });
    let closed = (any_reason(), any_words(), any_person(), moment(), any_phase());
    prop_oneof![active, closed.prop_map(|(reason, text, by, at, phase)| State::Closed(Closure { reason, text, by, at, phase }))]
}

/// Content has no empty text.
fn any_text() -> impl Strategy<Value = Text> {
    (word(), word()).prop_map(|(nl, en)| Text { nl, en })
}

fn any_story() -> impl Strategy<Value = Story> {
    let lines = || prop::collection::vec(any_text(), 1..4);
    (any_text(), lines(), lines(), any_text()).prop_map(|(what, r#do, do_not, call)| Story { what, r#do, do_not, call })
}

prop_compose! {
    fn any_case()(
        ids in (id(), id()),
        reference in (2_000..2_100_i32, 1..i32::MAX),
        texts in uniform13(text()),
        contact in (text(), text()),
        story in any_story(),
        moments in uniform8(moment()),
        severity in any_severity(),
        tlp in any_tlp(),
        state in any_state(),
        phases in 0..64_u8,
        assignee in prop::option::of(any_person()),
        counts in (any_count(), any_count(), any_count(), 1..i64::MAX, any::<bool>()),
    ) -> Case {
        let [name, municipality, signature, signature_text, category, class_id, class, kind, nl, en, title_nl, title_en, content_version] = texts;
        let [opened_at, react_by, react_soon, resolve_by, resolve_soon, reacted_at, last_event_at, updated_at] = moments;
        let (alerts, events, told_events, revision, has_reacted) = counts;
        Case {
            id: ids.0,
            reference: Reference { year: reference.0, number: reference.1 },
            school: School { id: ids.1, name, municipality, contact_name: contact.0, contact_phone: contact.1 },
            signature: Signature { id: signature, text: signature_text, category },
            class_id,
            rsit: Rsit { class, kind },
            rsit_name: Text { nl, en },
            title: Text { nl: title_nl, en: title_en },
            story,
            content_version,
            tlp,
            opened_at,
            severity,
            state,
            phases_seen: Phases::from_bits(phases),
            assignee,
            targets: Targets { react_by, react_soon, resolve_by, resolve_soon },
            reacted_at: has_reacted.then_some(reacted_at),
            tally: Tally { alerts, events, told_events },
            last_event_at,
            updated_at,
            revision,
        }
    }
}

fn any_endpoint() -> impl Strategy<Value = Endpoint> {
    let device = (text(), text()).prop_map(|(id, name)| Device { id, name });
    (text(), any::<u16>(), prop::option::of(device)).prop_map(|(ip, port, device)| Endpoint { ip, port, device })
}

prop_compose! {
    fn any_alert()(
        ids in (id(), id()),
        texts in prop::array::uniform6(text()),
        severity in prop::sample::select(vec![AlertSeverity::Low, AlertSeverity::Medium, AlertSeverity::High]),
        source in any_endpoint(),
        destination in any_endpoint(),
        destinations in (any::<u64>(), prop::collection::vec(text(), 0..3)),
        first_at in moment(),
        last_at in moment(),
        event_count in any_count(),
    ) -> Alert {
        let [signature, text, category, protocol, sensor, raw_event] = texts;
        let signature = Signature { id: signature, text, category };
        let (destination_count, destination_ips) = destinations;
        Alert { id: ids.0, school_id: ids.1, signature, severity, source, destination, destination_count, destination_ips, protocol, sensor, first_at, last_at, event_count, raw_event }
    }
}

fn any_change() -> impl Strategy<Value = CaseChange> {
    let within = || (1..1_000_000_i64).prop_map(TimeDelta::seconds);
    let threshold = prop_oneof![
        Just(Threshold::FirstAlert),
        Just(Threshold::Never),
        (any_count(), within()).prop_map(|(count, within)| Threshold::Events { count, within }),
        (any_count(), within()).prop_map(|(count, within)| Threshold::Alerts { count, within }),
    ];
    let someone = || prop::option::of(any_person());
    prop_oneof![
        threshold.prop_map(|threshold| CaseChange::Opened { threshold }),
        (id(), any_count()).prop_map(|(alert_id, new_events)| CaseChange::AlertAttached { alert_id, new_events }),
        (someone(), someone()).prop_map(|(from, to)| CaseChange::Assigned { from, to }),
        (any_phase(), any_phase()).prop_map(|(from, to)| CaseChange::PhaseChanged { from, to }),
        (any_words(), any_tlp()).prop_map(|(text, tlp)| CaseChange::NoteAdded { text, tlp }),
        (any_reason(), any_words()).prop_map(|(reason, text)| CaseChange::Closed { reason, text }),
        any_words().prop_map(|text| CaseChange::Reopened { text }),
        (any_severity(), any_severity()).prop_map(|(from, to)| CaseChange::SeverityRaised { from, to }),
    ]
}

prop_compose! {
    fn any_entry()(
        id in id(), at in moment(), actor in prop::option::of(any_person()), change in any_change(), audit_seq in any::<i64>(), audit_hash in text(),
    ) -> TimelineEntry {
        TimelineEntry { id, at, actor, change, audit_seq, audit_hash }
    }
}

fn first_page() -> Paging {
    Paging::begin(&(), &Default::default()).unwrap()
}

on_both_stores! {
    async fn cases_are_read_back_and_an_update_forgets_no_field(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        for (before, after) in samples(&(any_case(), any_case())) {
            let after = Case { id: before.id, ..after };
            let txn = database.begin().await.unwrap();
            case::insert(&txn, &before).await.unwrap();
            assert_eq!(case::find(&*txn, &Scope::Everything, before.id).await.unwrap(), Some(before));
            case::update(&txn, &after).await.unwrap();
            assert_eq!(case::find(&*txn, &Scope::Everything, after.id).await.unwrap(), Some(after));
        }
    }

    async fn timelines_are_read_back(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        for (case, entry, request_id) in samples(&(any_case(), any_entry(), prop::option::of(id()))) {
            let txn = database.begin().await.unwrap();
            case::insert(&txn, &case).await.unwrap();
            timeline::add(&txn, case.id, &entry, request_id).await.unwrap();
            let page = timeline::list(&*txn, case.id, timeline::Reader::ResponseTeam, &first_page()).await.unwrap();
            assert_eq!(page.rows, std::slice::from_ref(&entry));
            if let (Some(request_id), Some(actor)) = (request_id, entry.actor.clone()) {
                assert_eq!(timeline::find_by_request(&txn, case.id, actor.id, request_id).await.unwrap(), Some(entry));
            }
        }
    }

    async fn evidence_is_read_back_as_last_heard_of(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        for (case, before, after) in samples(&(any_case(), any_alert(), any_alert())) {
            let after = Alert { id: before.id, ..after };
            let txn = database.begin().await.unwrap();
            case::insert(&txn, &case).await.unwrap();
            evidence::add(&txn, case.id, 0, &[&before]).await.unwrap();
            assert_eq!(evidence::list(&*txn, case.id, &first_page()).await.unwrap().rows, [before]);
            let kept = evidence::kept(&txn, case.id, after.id).await.unwrap().unwrap();
            evidence::refresh(&txn, case.id, &after, &kept).await.unwrap();
            assert_eq!(evidence::list(&*txn, case.id, &first_page()).await.unwrap().rows, [after]);
        }
    }

    async fn people_and_schools_are_read_back_as_last_named(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        for (person, name, school, described) in samples(&(any_person(), text(), any_case(), any_case())) {
            let (renamed, school) = (Person { name, ..person.clone() }, school.school);
            let described = School { id: school.id, ..described.school };
            let txn = database.begin().await.unwrap();
            for person in [person, renamed] {
                person::remember(&txn, &person).await.unwrap();
                assert_eq!(person::find_to_name(&txn, person.id).await.unwrap(), Some(person));
            }
            for school in [school, described] {
                school::save(&txn, &school).await.unwrap();
                assert_eq!(school::find(&*txn, school.id).await.unwrap(), Some(school));
            }
        }
    }
}
