//! Words of the list of schools.

use portal_frame::words;

words! {
    /// The words of schools.
    pub(crate) SchoolWords {
        title { "Scholen" "Schools" }
        search { "Zoek een school" "Search for a school" }
        search_hint { "Naam of gemeente" "Name or municipality" }
        filter_search(text) { "Zoekt: {text}" "Search: {text}" }
        table { "Scholen, op naam" "Schools, by name" }
        school { "School" "School" }
        municipality { "Gemeente" "Municipality" }
        board { "Schoolbestuur" "School board" }
        number { "Instellingsnummer" "Institution number" }
        view_devices { "Toestellen" "Devices" }
        view_cases { "Incidenten" "Incidents" }
        view_people { "Mensen" "People" }
        view_access { "Wie ziet wat" "Who sees what" }
        view_checks { "Controles" "Checks" }
        view_history { "Historiek" "History" }
        go_to { "Bekijk" "See" }
        empty_title { "Nog geen scholen" "No schools yet" }
        empty_text { "Het platformteam leest de lijst van scholen in met het commando import." "The platform team reads in the list of schools with the import command." }
        empty_filter_title { "Geen scholen gevonden" "No schools found" }
        empty_filter_text { "Zoek op een deel van de naam of op de gemeente." "Search for part of the name or for the municipality." }
        empty_filter_link { "Bekijk alle scholen" "See all schools" }
    }
}

impl SchoolWords {
    /// `1–50 van 4 120 scholen`.
    pub(crate) fn range(self, from: i64, until: i64, total: i64) -> String {
        let total = self.0.count(total, ("school", "scholen"), ("school", "schools"));
        format!("{}–{} {} {total}", self.0.number(from), self.0.number(until), self.0.pick("van", "of"))
    }
}
