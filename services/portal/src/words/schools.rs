//! Words of the list of schools and of a school's incidents.

use super::words;
use crate::language::Language;

words! {
    /// The words of schools.
    SchoolWords {
        title { "Scholen" "Schools" }
        search { "Zoek een school" "Search a school" }
        search_hint { "Naam of gemeente" "Name or municipality" }
        filter_search(text) { "Zoekt: {text}" "Search: {text}" }
        table { "Scholen, op naam" "Schools, by name" }
        school { "School" "School" }
        municipality { "Gemeente" "Municipality" }
        board { "Bestuur" "Board" }
        number { "Nummer" "Number" }
        view_devices { "Toestellen" "Devices" }
        view_cases { "Zaken" "Cases" }
        go_to { "Bekijk" "See" }
        empty_title { "Nog geen scholen" "No schools yet" }
        empty_text { "De beheerder leest de lijst van scholen in met het commando import." "The platform team reads in the list of schools with the import command." }
        empty_filter_title { "Geen school past hierbij" "No school fits" }
        empty_filter_text { "Zoek op een deel van de naam of op de gemeente." "Search for part of the name or for the municipality." }
        empty_filter_link { "Bekijk alle scholen" "See all schools" }

        incidents_title { "Incidenten" "Incidents" }
        incidents_calm { "Er loopt geen incident op deze school." "No incident is going on at this school." }
        incidents_open { "Lopende incidenten" "Incidents going on" }
        incidents_closed { "Afgerond" "Finished" }
        incidents_text { "Het responsteam volgt alles op. U ziet hier wat het team doet en weet." "The response team handles everything. You see here what the team does and knows." }
        incidents_empty_title { "Nog geen incidenten" "No incidents yet" }
        incidents_empty_text { "Ziet een sensor iets gevaarlijks op uw school, dan staat het hier en kijkt het responsteam mee." "When a sensor sees something dangerous at your school, it is here and the response team looks into it." }
        incidents_empty_link { "Bekijk uw toestellen" "See your devices" }
        on_device(device) { "Op {device}." "On {device}." }
        on_devices(device, count) { "Op {device} en nog {count}." "On {device} and {count} more." }
        handled_by(name) { "{name} van het responsteam volgt dit op." "{name} of the response team handles this." }
        handled_by_nobody { "Het responsteam bekijkt dit binnenkort." "The response team will look at this soon." }
        opened(moment) { "Geopend {moment}." "Opened {moment}." }
        closed(reason, moment) { "{reason}, {moment}." "{reason}, {moment}." }
    }
}

impl SchoolWords {
    /// `1 incident loopt op uw school`.
    pub(crate) fn incidents_summary(self, open: i64) -> String {
        match (self.0, open) {
            (_, 0) => self.incidents_calm().to_owned(),
            (Language::Dutch, 1) => "1 incident loopt op deze school.".to_owned(),
            (Language::Dutch, _) => format!("{} incidenten lopen op deze school.", self.0.number(open)),
            (Language::English, 1) => "1 incident is going on at this school.".to_owned(),
            (Language::English, _) => format!("{} incidents are going on at this school.", self.0.number(open)),
        }
    }

    /// `1–50 van 4 120 scholen`.
    pub(crate) fn range(self, from: i64, until: i64, total: i64) -> String {
        let total = self.0.count(total, ("school", "scholen"), ("school", "schools"));
        format!("{}–{} {} {total}", self.0.number(from), self.0.number(until), self.0.pick("van", "of"))
    }
}
