//! Words of the queue.

use portal_frame::words;

use super::listed::CaseDevices;

words! {
    /// The queue's words.
    pub(crate) QueueWords {
        title { "Wachtrij" "Queue" }
        as_of(moment) { "Stand van {moment}" "As of {moment}" }
        refresh { "Ververs" "Refresh" }

        open_cases { "Open zaken" "Open cases" }
        opened_today(count) { "{count} vandaag" "{count} today" }
        nobody_yet { "Nog niemand" "Nobody yet" }
        nobody_late(count) { "{count} te laat" "{count} late" }
        nobody_in_time { "alles op tijd" "all in time" }
        late { "Te laat" "Late" }
        late_none { "geen enkele" "none at all" }
        late_some { "eerst te doen" "to do first" }
        mine { "Van mij" "Mine" }
        mine_hint { "op uw naam" "in your name" }
        first_reaction { "Eerste reactie" "First reaction" }
        solved_in { "Opgelost in" "Solved in" }
        median { "mediaan 7 dagen" "median, 7 days" }
        none_this_week { "nog geen deze week" "none this week yet" }

        views { "Weergaven" "Views" }
        view_open { "Open" "Open" }
        view_mine { "Van mij" "Mine" }
        view_nobody { "Nog niemand" "Nobody yet" }
        view_late { "Te laat" "Late" }

        list_open { "Open zaken" "Open cases" }
        list_mine { "Zaken op uw naam" "Cases in your name" }
        list_nobody { "Zaken van nog niemand" "Cases nobody has yet" }
        list_late { "Zaken die te laat zijn" "Cases that are late" }
        table(list) { "{list}, de dringendste eerst tenzij u anders sorteert: te laat, dan bijna, dan de rest" "{list}, most urgent first unless you sort otherwise: late, then near, then the rest" }

        about_devices { "Toestel" "Device" }
        and_more(device, count) { "{device} en nog {count}" "{device} and {count} more" }

        search { "Zoek in deze lijst: nummer, titel, school, of de volledige naam of het volledige IP-adres van een toestel" "Search this list: number, title, school, or the whole name or IP address of a device" }
        search_hint { "Zaak, school of IP" "Case, school or IP" }
        severity { "Ernst" "Severity" }
        at_least(severity) { "{severity} of hoger" "{severity} or higher" }
        phase { "Fase" "Phase" }
        phase_not_closed { "Niet gesloten" "Not closed" }
        order { "Volgorde" "Order" }
        order_target { "Dringendste eerst" "Most urgent first" }
        order_severity { "Ernst" "Severity" }
        order_opened { "Nieuwste eerst" "Newest first" }
        order_updated { "Laatst gewijzigd" "Last changed" }
        order_school { "School" "School" }
        order_reference { "Nummer" "Number" }
        order_phase { "Fase" "Phase" }
        order_assignee { "Wie" "Who" }
        filter_search(text) { "Zoekt: {text}" "Search: {text}" }
        filter_school(name) { "School: {name}" "School: {name}" }

        pick { "Kies" "Choose" }
        pick_case(reference) { "Kies {reference}" "Choose {reference}" }
        number { "Nummer" "Number" }
        case { "Zaak" "Case" }
        school { "School" "School" }
        who { "Wie" "Who" }
        clocks { "Klokken" "Clocks" }
        chosen { "gekozen" "chosen" }
        with_chosen { "Met de gekozen zaken" "With the chosen cases" }
        close_chosen { "Sluit" "Close" }
        close_chosen_text { "Wat u hier schrijft, geldt voor elke zaak. Wat iemand anders intussen wijzigt, blijft open." "What you write here holds for each case. What somebody else changes in the meantime stays open." }
        close_chosen_hint { "Elke school leest dit bij haar zaak." "Each school reads this with its case." }
        close_chosen_button { "Sluit af" "Close" }
        close_chosen_cancel { "Laat open" "Leave open" }
        chosen_cases { "De gekozen zaken" "The chosen cases" }
        take_chosen { "Zet op mijn naam" "Put in my name" }

        empty_open_title { "Geen open zaken" "No open cases" }
        empty_open_text { "Er is nu niets te doen. Nieuwe zaken verschijnen hier vanzelf als een sensor iets gevaarlijks ziet." "There is nothing to do now. New cases appear here by themselves when a sensor sees something dangerous." }
        empty_mine_title { "Geen zaken op uw naam" "No cases in your name" }
        empty_mine_text { "Neem een zaak die nog niemand heeft." "Take a case that nobody has yet." }
        empty_mine_link { "Bekijk wat nog niemand heeft" "See what nobody has yet" }
        empty_nobody_title { "Elke zaak heeft iemand" "Every case has somebody" }
        empty_nobody_text { "Er wacht niets op een eerste reactie." "Nothing waits for a first reaction." }
        empty_late_title { "Niets is te laat" "Nothing is late" }
        empty_late_text { "Alle klokken lopen nog." "All clocks are still running." }
        empty_filter_title { "Geen zaak past bij deze filters" "No case fits these filters" }
        empty_filter_text { "Wis de filters of zoek op iets anders. Een IP-adres of de naam van een toestel schrijft u volledig." "Clear the filters or search for something else. An IP address or the name of a device must be written in full." }
        empty_filter_link { "Wis de filters" "Clear the filters" }

        lost { "Deze lijst krijgt nu geen nieuws. Ververs de bladzijde als dat zo blijft." "This list gets no news right now. Refresh the page if that lasts." }

        key_up_down { "op en neer" "up and down" }
        key_open { "open" "open" }
        key_search { "zoek" "search" }
        key_all { "alle toetsen" "all keys" }
        keys_title { "Sneltoetsen" "Keyboard shortcuts" }
        keys_off { "Sneltoetsen uitzetten" "Turn shortcuts off" }
        keys_on { "Sneltoetsen aanzetten" "Turn shortcuts on" }
        key_down_long { "Naar de volgende zaak" "To the next case" }
        key_up_long { "Naar de vorige zaak" "To the previous case" }
        key_open_long { "Open de zaak" "Open the case" }
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

    /// `Sluit 3 zaken`.
    pub(crate) fn close_chosen_title(self, count: i64) -> String {
        let cases = self.0.count(count, ("zaak", "zaken"), ("case", "cases"));
        format!("{} {cases}", self.0.pick("Sluit", "Close"))
    }

    /// `1–50 van 312 zaken`.
    pub(crate) fn range(self, from: i64, until: i64, total: i64) -> String {
        let total = self.0.count(total, ("zaak", "zaken"), ("case", "cases"));
        let of = self.0.pick("van", "of");
        format!("{}–{} {of} {total}", self.0.number(from), self.0.number(until))
    }

    /// The yellow pill: `3 nieuwe`.
    pub(crate) fn fresh(self, count: i64) -> String {
        self.0.count(count, ("nieuwe zaak", "nieuwe zaken"), ("new case", "new cases"))
    }
}
