//! Words of a school's incidents.

use portal_frame::{Language, words};

words! {
    /// The words of a school's incidents.
    pub(crate) IncidentWords {
        title { "Incidenten" "Incidents" }
        calm { "Er loopt geen incident op deze school." "No incident is going on at this school." }
        going_on { "Lopende incidenten" "Incidents going on" }
        over { "Afgerond" "Finished" }
        text { "Het responsteam volgt alles op. U ziet hier wat het team doet en weet." "The response team handles everything. You see here what the team does and knows." }
        empty_title { "Nog geen incidenten" "No incidents yet" }
        empty_text { "Ziet een sensor iets gevaarlijks op uw school, dan staat het hier en kijkt het responsteam mee." "When a sensor sees something dangerous at your school, it is here and the response team looks into it." }
        empty_link { "Bekijk uw toestellen" "See your devices" }
        on_device(device) { "Op {device}." "On {device}." }
        on_devices(device, count) { "Op {device} en nog {count}." "On {device} and {count} more." }
        handled_by(name) { "{name} van het responsteam volgt dit op." "{name} of the response team handles this." }
        handled_by_nobody { "Het responsteam bekijkt dit binnenkort." "The response team will look at this soon." }
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
