//! Words of a school's incidents.

use portal_frame::{Language, words};

words! {
    /// The words of a school's incidents.
    pub(crate) IncidentWords {
        title { "Incidenten" "Incidents" }
        calm { "Er loopt geen incident op deze school." "No incident is going on at this school." }
        going_on { "Lopende incidenten" "Incidents going on" }
        over { "Afgesloten" "Closed" }
        text { "Per incident leest u wat u nu doet." "Each incident tells you what to do now." }
        empty_title { "Nog geen incidenten" "No incidents yet" }
        empty_text { "Ziet een sensor iets gevaarlijks op uw school? Dan leest u hier wat u doet. Het responsteam, het team van de overheid dat scholen helpt bij een incident, ziet het ook." "Does a sensor see something dangerous at your school? Then you read here what to do. The response team, the government team that helps schools with incidents, sees it too." }
        empty_link { "Bekijk uw toestellen" "See your devices" }
        on_device(device) { "Op {device}." "On {device}." }
        on_devices(device, count) { "Op {device} en nog {count}." "On {device} and {count} more." }
        handled_by(name) { "{name} van het responsteam behandelt dit." "{name} of the response team is handling this." }
        handled_by_nobody { "Nog niemand behandelt dit." "Nobody is handling this yet." }
        urgent(phone) { "Nog niemand behandelt dit. Dringend? Bel {phone}." "Nobody is handling this yet. Urgent? Call {phone}." }
        opened(moment) { "Geopend {moment}." "Opened {moment}." }
        closed(reason, moment) { "{reason}, {moment}." "{reason}, {moment}." }
    }
}

impl IncidentWords {
    /// `1 incident loopt op uw school`.
    pub(crate) fn summary(self, open: i64) -> String {
        match (self.0, open) {
            (_, 0) => self.calm().to_owned(),
            (Language::Dutch, 1) => "1 incident loopt op deze school.".to_owned(),
            (Language::Dutch, _) => format!("{} incidenten lopen op deze school.", self.0.number(open)),
            (Language::English, 1) => "1 incident is going on at this school.".to_owned(),
            (Language::English, _) => format!("{} incidents are going on at this school.", self.0.number(open)),
        }
    }
}
