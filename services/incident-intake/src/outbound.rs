//! What incident-intake tells the others.

use auth::Context;
use events::Envelope;
use proto::incident_intake::v1 as wire;
use runtime::EventId;

use crate::domain::case::Case;

/// The service's name in events, the consumer group, the inbox and the dead letters.
pub const NAME: &str = "incident-intake";

/// `incident.case.v1`: a case after a change.
pub fn case_event(cx: &Context, case: &Case, change: &str) -> Envelope {
    let event = wire::CaseEvent { case: Some(case.into()), change: change.to_owned() };
    Envelope::new(cx.ids.next::<EventId>(), cx.clock.now(), NAME, case.id.to_string(), &event)
}

#[cfg(test)]
mod tests {
    use content::{Library, Settings};
    use prost::Message as _;
    use runtime::{Clock, ManualClock};
    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        alert::{Alert, AlertNews, AlertSeverity, Endpoint, Signature},
        case::Opening,
        classes::IncidentClasses,
        close_reason::CloseReason,
        person::Person,
        reference::Reference,
        school::School,
        story::Story,
        words::ReasonWords,
    };

    /// A closed case with every field set to something that never changes.
    fn case() -> Case {
        let library = Library::<IncidentClasses>::load(&Settings::default()).unwrap();
        let pack = library.version("2026.1").unwrap();
        let at = Clock::from(ManualClock::at("2026-09-24T09:50:00Z".parse().unwrap())).now();
        let alert = Alert {
            id: Uuid::from_u64_pair(1, 1).into(),
            school_id: Uuid::from_u64_pair(2, 1).into(),
            signature: Signature { id: "suricata:1:1".into(), text: "ET MALWARE Check-in".into(), category: "Malware".into() },
            severity: AlertSeverity::High,
            source: Endpoint::default(),
            destination: Endpoint::default(),
            destination_count: 1,
            destination_ips: Vec::new(),
            protocol: "tcp".into(),
            sensor: "suricata".into(),
            first_at: at,
            last_at: at,
            event_count: 3,
            raw_event: String::new(),
        };
        let (mut case, _) = Case::open(Opening {
            id: Uuid::from_u64_pair(3, 1).into(),
            reference: Reference { year: 2026, number: 412 },
            school: School { name: "De Zandloper".into(), municipality: "Aalter".into(), ..School::unnamed(alert.school_id) },
            class: &pack.body.classes["malware-contact"],
            content_version: &pack.version,
            targets: &pack.body.targets,
            news: &AlertNews { alert, first: true, new_events: 3 },
            earlier: &[],
            at,
        });
        let noor = Person { id: Uuid::from_u64_pair(4, 1).into(), name: "Noor Claes".into() };
        case.assign(Some(noor.clone()), at).unwrap();
        case.close(CloseReason::Resolved, ReasonWords::parse("Opgelost").unwrap(), noor, at).unwrap();
        // Words may be polished without this being another shape.
        let text = content::Text { nl: "nl".into(), en: "en".into() };
        case.story = Story { what: text.clone(), r#do: vec![text.clone(); 2], do_not: vec![text.clone()], call: text.clone() };
        (case.title, case.rsit_name) = (text.clone(), text);
        case
    }

    /// Others keep these bytes for months: a change here must be one that old readers understand.
    #[test]
    fn the_bytes_of_a_case_event_stay_as_they_are() {
        let event = wire::CaseEvent { case: Some((&case()).into()), change: "closed".to_owned() };
        let hex = |line: &[u8]| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let lines: Vec<String> = event.encode_to_vec().chunks(48).map(hex).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
