//! Words of the queue.

use portal_frame::{Language, words};

use super::listed::CaseDevices;

words! {
    /// The queue's words.
    pub(crate) QueueWords {
        title { "Wachtrij" "Queue" }
        as_of(moment) { "Bijgewerkt {moment}" "As of {moment}" }
        refresh { "Vernieuwen" "Refresh" }

        open_cases { "Open incidenten" "Open incidents" }
        opened_today(count) { "{count} vandaag" "{count} today" }
        nobody_yet { "Niet toegewezen" "Unassigned" }
        nobody_late(count) { "{count} te laat" "{count} late" }
        nobody_in_time { "alles op tijd" "all on time" }
        late { "Te laat" "Late" }
        late_none { "geen enkele" "none at all" }
        late_some { "eerst te doen" "to do first" }
        mine { "Mijn incidenten" "My incidents" }
        mine_hint { "aan u toegewezen" "assigned to you" }
        first_reaction { "Eerste reactie" "First response" }
        solved_in { "Opgelost in" "Resolved in" }
        median { "mediaan van de laatste 7 dagen" "median of the last 7 days" }
        none_this_week { "nog geen deze week" "none this week yet" }

        views { "Weergaven" "Views" }
        view_open { "Open" "Open" }
        view_mine { "Mijn incidenten" "My incidents" }
        view_nobody { "Niet toegewezen" "Unassigned" }
        view_late { "Te laat" "Late" }

        list_open { "Open incidenten" "Open incidents" }
        list_mine { "Incidenten aan u toegewezen" "Incidents assigned to you" }
        list_nobody { "Niet-toegewezen incidenten" "Unassigned incidents" }
        list_late { "Incidenten die te laat zijn" "Incidents that are late" }
        table(list) { "{list}, de dringendste eerst tenzij u anders sorteert: te laat, dan bijna, dan de rest" "{list}, most urgent first unless you sort otherwise: late, then near, then the rest" }

        about_devices { "Toestel" "Device" }
        and_more(device, count) { "{device} en nog {count}" "{device} and {count} more" }

        search { "Zoek in deze lijst: nummer, titel, school, of de volledige naam of het volledige IP-adres van een toestel" "Search this list: number, title, school, or the whole name or IP address of a device" }
        search_hint { "Incident, school of IP" "Incident, school or IP" }
        severity { "Ernst" "Severity" }
        at_least(severity) { "{severity} of hoger" "{severity} or higher" }
        phase { "Fase" "Phase" }
        phase_not_closed { "Niet afgesloten" "Not closed" }
        order { "Volgorde" "Order" }
        order_target { "Dringendste eerst" "Most urgent first" }
        order_severity { "Ernst" "Severity" }
        order_opened { "Nieuwste eerst" "Newest first" }
        order_updated { "Laatst gewijzigd" "Last changed" }
        order_school { "School" "School" }
        order_reference { "Nummer" "Number" }
        order_phase { "Fase" "Phase" }
        order_assignee { "Behandelaar" "Assigned to" }
        filter_search(text) { "Zoekt: {text}" "Search: {text}" }
        filter_school(name) { "School: {name}" "School: {name}" }

        pick { "Kies" "Choose" }
        pick_case(reference) { "Kies {reference}" "Choose {reference}" }
        number { "Nummer" "Number" }
        case { "Incident" "Incident" }
        school { "School" "School" }
        who { "Behandelaar" "Assigned to" }
        clocks { "Streeftijden" "Target times" }
        chosen { "gekozen" "chosen" }
        with_chosen { "Met de gekozen incidenten" "With the chosen incidents" }
        close_chosen { "Sluit af" "Close" }
        close_chosen_text { "Wat u hier schrijft, geldt voor elk incident. Wat iemand anders intussen wijzigt, blijft open." "What you write here holds for each incident. What somebody else changes in the meantime stays open." }
        close_chosen_hint { "Elke school leest dit bij haar incident." "Each school reads this with its incident." }
        close_chosen_button { "Sluit af" "Close" }
        close_chosen_cancel { "Laat open" "Leave open" }
        chosen_cases { "De gekozen incidenten" "The chosen incidents" }
        take_chosen { "Aan mij toewijzen" "Assign to me" }

        empty_open_title { "Geen open incidenten" "No open incidents" }
        empty_open_text { "Er is nu niets te doen. Nieuwe incidenten verschijnen hier vanzelf als een sensor iets gevaarlijks ziet." "There is nothing to do now. New incidents appear here by themselves when a sensor sees something dangerous." }
        empty_mine_title { "Geen incidenten aan u toegewezen" "No incidents assigned to you" }
        empty_mine_text { "Kies een incident dat niet toegewezen is." "Choose an incident that is unassigned." }
        empty_mine_link { "Bekijk wat niet toegewezen is" "See what is unassigned" }
        empty_nobody_title { "Elk incident is toegewezen" "Every incident is assigned" }
        empty_nobody_text { "Er wacht niets op een eerste reactie." "Nothing waits for a first response." }
        empty_late_title { "Niets is te laat" "Nothing is late" }
        empty_late_text { "Alle streeftijden zijn nog haalbaar." "All target times can still be met." }
        empty_filter_title { "Geen incidenten gevonden" "No incidents found" }
        empty_filter_text { "Wis de filters of zoek op iets anders. Een IP-adres of de naam van een toestel schrijft u volledig." "Clear the filters or search for something else. An IP address or the name of a device must be written in full." }
        empty_filter_link { "Wis de filters" "Clear the filters" }

        lost { "Deze lijst wordt nu niet bijgewerkt. Vernieuw de pagina als dat zo blijft." "This list is not updating right now. Refresh the page if that lasts." }

        key_up_down { "op en neer" "up and down" }
        key_open { "open" "open" }
        key_search { "zoek" "search" }
        key_all { "alle toetsen" "all keys" }
        keys_title { "Sneltoetsen" "Keyboard shortcuts" }
        keys_off { "Sneltoetsen uitzetten" "Turn shortcuts off" }
        keys_on { "Sneltoetsen aanzetten" "Turn shortcuts on" }
        key_down_long { "Naar het volgende incident" "To the next incident" }
        key_up_long { "Naar het vorige incident" "To the previous incident" }
        key_open_long { "Open het incident" "Open the incident" }
        key_search_long { "Naar het zoekveld" "To the search field" }
        key_all_long { "Toon deze lijst" "Show this list" }
        close_keys { "Sluit" "Close" }
    }
}

impl QueueWords {
    /// `SEC-PC-02 en nog 2`.
    pub(crate) fn about(self, devices: &CaseDevices) -> Option<String> {
        match devices.first_and_more()? {
            (first, 0) => Some(first.to_owned()),
            (first, more) => Some(self.and_more(first, self.0.number(more))),
        }
    }

    /// `3 incidenten afsluiten`.
    pub(crate) fn close_chosen_title(self, count: i64) -> String {
        let incidents = self.0.count(count, ("incident", "incidenten"), ("incident", "incidents"));
        match self.0 {
            Language::Dutch => format!("{incidents} afsluiten"),
            Language::English => format!("Close {incidents}"),
        }
    }

    /// `1–50 van 312 incidenten`.
    pub(crate) fn range(self, from: i64, until: i64, total: i64) -> String {
        let total = self.0.count(total, ("incident", "incidenten"), ("incident", "incidents"));
        let of = self.0.pick("van", "of");
        format!("{}–{} {of} {total}", self.0.number(from), self.0.number(until))
    }

    /// The yellow pill: `3 nieuwe incidenten`.
    pub(crate) fn fresh(self, count: i64) -> String {
        self.0.count(count, ("nieuw incident", "nieuwe incidenten"), ("new incident", "new incidents"))
    }
}
