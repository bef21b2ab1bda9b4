//! Words of the list of enrolments.

use portal_frame::words;

words! {
    /// The words of enrolments.
    pub(crate) EnrolmentsWords {
        title { "Aanmeldingen van organisaties" "Enrolments of organisations" }
        lead { "Hoe ver bewezen is wie een school of leverancier is, en wat nog ontbreekt." "How far it is proven who a school or vendor is, and what is missing." }
        add { "Voeg een leverancier toe" "Add a vendor" }
        views { "Weergaven" "Views" }
        view_all { "Alle" "All" }
        view_incomplete { "Onvolledig" "Incomplete" }
        view_ends_soon { "Vervalt binnen 30 dagen" "Falls within 30 days" }
        view_ended { "Vervallen of geschorst" "Lapsed or suspended" }
        list { "De lijst" "The list" }
        search { "Zoek een school of leverancier" "Search for a school or vendor" }
        search_hint { "Naam of nummer" "Name or number" }
        filter_search(text) { "Zoekt: {text}" "Search: {text}" }
        kind { "Soort" "Kind" }
        kind_all { "Alle" "All" }
        kind_schools { "Scholen" "Schools" }
        kind_vendors { "Leveranciers" "Vendors" }
        organisation { "Organisatie" "Organisation" }
        number { "Nummer" "Number" }
        level { "Hoe ver bewezen" "How far proven" }
        until { "Geldt tot en met" "Holds until, that day included" }
        school { "school" "school" }
        vendor { "leverancier" "vendor" }
        empty_title { "Nog niemand" "Nobody yet" }
        empty_text { "Het platformteam leest de lijst van scholen in met het commando import. Een leverancier meldt zich zelf aan." "The platform team reads in the list of schools with the import command. A vendor enrols itself." }
        empty_filter_title { "Niets gevonden" "Nothing found" }
        empty_filter_text { "Geen organisatie past bij wat u koos." "No organisation matches what you chose." }
        empty_filter_link { "Bekijk alle aanmeldingen" "See all enrolments" }
    }
}

impl EnrolmentsWords {
    /// `1–50 van 4 120 organisaties`.
    pub(crate) fn range(self, from: i64, until: i64, total: i64) -> String {
        let total = self.0.count(total, ("organisatie", "organisaties"), ("organisation", "organisations"));
        format!("{}–{} {} {total}", self.0.number(from), self.0.number(until), self.0.pick("van", "of"))
    }
}
