//! Words of a case's page.

use portal_frame::{Language, words};

use super::timeline::Threshold;

words! {
    /// The words of a case's page.
    pub(crate) CaseWords {
        opened(moment) { "geopend {moment}" "opened {moment}" }
        handled_by(name) { "behandeld door {name}" "handled by {name}" }
        handled_by_nobody { "niet toegewezen" "unassigned" }
        phase_of_case { "Fase van het incident" "Phase of the incident" }
        skipped { "overgeslagen" "skipped" }
        skipped_phases { "Overgeslagen" "Skipped" }
        since(moment) { "sinds {moment}" "since {moment}" }
        clocks { "Streeftijden" "Target times" }
        first_reaction { "Eerste reactie" "First response" }
        solution { "Oplossing" "Resolution" }
        parts { "Delen van het incident" "Parts of the incident" }
        overview { "Overzicht" "Overview" }
        evidence { "Bewijs" "Evidence" }
        what_the_sensor_saw { "Wat de sensor zag" "What the sensor saw" }
        timeline { "Tijdlijn" "Timeline" }

        note { "Notitie" "Note" }
        take { "Behandel dit incident" "Handle this incident" }
        take_over { "Neem over" "Take over" }
        give_back { "Geef het incident terug" "Give the incident back" }
        next_phase(phase) { "Volgende fase: {phase}" "Next phase: {phase}" }
        other_phase { "Andere fase" "Another phase" }
        close { "Sluit het incident af" "Close the incident" }
        reopen { "Heropen het incident" "Reopen the incident" }

        what_happened { "Wat is er aan de hand" "What is going on" }
        do_now { "Doe dit nu" "Do this now" }
        do_not { "Doe dit niet" "Do not" }
        whom_to_call { "Bel of verwittig" "Call or inform" }
        the_device { "het toestel" "the device" }
        the_number { "het noodnummer" "the emergency number" }
        no_story { "Voor deze waarschuwing bestaat nog geen uitleg in gewone woorden. Kijk naar de waarschuwingen hieronder." "There is no explanation in plain words for this alert yet. Look at the alerts below." }
        closed_as(reason) { "Afgesloten: {reason}" "Closed: {reason}" }

        facts { "Feiten" "Facts" }
        school { "School" "School" }
        call_school(name) { "Bel de school: {name}," "Call the school: {name}," }
        kind { "Soort" "Kind" }
        seen { "Gezien" "Seen" }
        last_sign { "Laatste signaal" "Last event" }
        changed { "Gewijzigd" "Changed" }
        who { "Behandelaar" "Assigned to" }
        rule_set { "Volgens welke regels?" "By which rules?" }
        rule_set_text(version) { "Titel, uitleg en streeftijden komen uit versie {version} van de afspraken. Een latere versie verandert dit incident niet." "Title, explanation and target times come from version {version} of the arrangements. A later version does not change this incident." }
        rule { "Regel" "Rule" }
        codes { "Codes van specialisten" "Specialists’ codes" }

        evidence_title(number, total) { "Waarschuwing {number} van {total} van de netwerksensor" "Alert {number} of {total} from the network sensor" }
        from { "Van" "From" }
        to { "Naar" "To" }
        port(number) { "poort {number}" "port {number}" }
        device_of_school { "Toestel van de school" "Device of the school" }
        address_in_school { "Adres binnen de school" "Address within the school" }
        address_outside { "Adres buiten de school" "Address outside the school" }
        destinations { "Ook naar" "Also to" }
        further_addresses(named, more) { "{named} en {more} andere adressen" "{named} and {more} other addresses" }
        sensor_category { "Categorie" "Category" }
        seen_by { "Gezien door" "Seen by" }
        show_rule { "Welke regel van de sensor sloeg aan?" "Which rule of the sensor was it?" }
        show_raw { "Toon het ruwe bericht" "Show the raw message" }
        raw_label { "Ruw bericht van de sensor" "Raw message of the sensor" }
        raw_as_it_came { "Hierboven overzichtelijk getoond. Het originele bericht is ongewijzigd bewaard." "Laid out above to be easy to read. The original message is kept unchanged." }
        download_raw { "Download het bericht" "Download the message" }
        evidence_is_for_others { "Wat de sensoren op het netwerk zagen, is alleen voor de school en het responsteam." "What the sensors on the network saw is for the school and the response team only." }
        no_evidence_title { "Nog geen waarschuwingen" "No alerts yet" }
        no_evidence_text { "De waarschuwingen van de sensor komen hier zodra ze verwerkt zijn." "The sensor’s alerts appear here as soon as they are processed." }
        more_evidence { "Toon meer waarschuwingen" "Show more alerts" }
        older_steps { "Toon oudere stappen" "Show older steps" }
        newest_steps { "Terug naar het nieuwste" "Back to the newest" }
        first_evidence { "Terug naar de eerste waarschuwing" "Back to the first alert" }

        add_note { "Voeg een notitie toe" "Add a note" }
        note_text { "Uw notitie" "Your note" }
        note_hint { "Wat deed u, wat weet u nu, wat moet er nog gebeuren?" "What did you do, what do you know now, what is still to be done?" }
        note_tlp { "Wie mag dit lezen?" "Who may read this?" }
        tlp_red { "TLP:RED, het hele responsteam leest dit" "TLP:RED, the whole response team reads this" }
        tlp_amber_strict { "TLP:AMBER+STRICT, alleen het responsteam" "TLP:AMBER+STRICT, the response team only" }
        tlp_amber { "TLP:AMBER, het responsteam en de school" "TLP:AMBER, the response team and the school" }
        tlp_green { "TLP:GREEN, de hele sector" "TLP:GREEN, the whole sector" }
        tlp_clear { "TLP:CLEAR, iedereen" "TLP:CLEAR, everybody" }
        audience_red { "Alleen voor het responsteam" "Only for the response team" }
        audience_amber_strict { "Alleen voor het responsteam" "Only for the response team" }
        audience_amber { "Voor het responsteam en uw school" "For the response team and your school" }
        audience_green { "Voor alle scholen" "For all schools" }
        audience_clear { "Voor iedereen" "For everybody" }
        save_note { "Bewaar de notitie" "Save the note" }
        note_empty { "Schrijf eerst een notitie" "Write a note first" }
        note_too_long { "Maak de notitie korter, hoogstens 10 000 tekens" "Make the note shorter, 10,000 characters at most" }

        move_on { "Volgende stap" "Next step" }
        choose_phase { "Zet het incident in fase" "Put the incident in phase" }
        change_phase { "Wijzig de fase" "Change the phase" }
        close_title { "Sluit het incident af" "Close the incident" }
        close_reason { "Waarom?" "Why?" }
        close_text { "Wat is er vastgesteld en gedaan?" "What was found and done?" }
        close_hint { "De school leest dit ook." "The school reads this too." }
        close_choose_reason { "Kies een reden" "Choose a reason" }
        close_text_empty { "Schrijf kort wat er vastgesteld en gedaan is" "Write briefly what was found and done" }
        close_text_too_long { "Maak de tekst korter, hoogstens 2 000 tekens" "Make the text shorter, 2,000 characters at most" }
        reopen_title { "Heropen het incident" "Reopen the incident" }
        reopen_text { "Waarom heropent u het incident?" "Why do you reopen the incident?" }
        reopen_text_empty { "Schrijf kort waarom u het incident heropent" "Write briefly why you reopen the incident" }

        show_audit { "Hoe weet ik dat hier niets gewijzigd is?" "How do I know that nothing was changed here?" }
        show_audit_text { "Elke stap staat ook in het logboek. Wat erin staat, verdwijnt niet. Dit zijn de nummers en controlecodes." "Every step is also in the audit trail. What is in it does not disappear. These are the numbers and check codes." }
        audit(number) { "logboek {number}" "audit trail {number}" }
        within(count, time) { "{count} binnen {time}." "{count} within {time}." }
        did_open { "opende het incident" "opened the incident" }
        did_take { "begon het incident te behandelen" "started handling the incident" }
        did_assign_to(name) { "wees het incident toe aan {name}" "assigned the incident to {name}" }
        did_give_back { "gaf het incident terug" "gave the incident back" }
        did_change_phase(from, to) { "zette de fase van {from} naar {to}" "moved the phase from {from} to {to}" }
        did_note { "schreef een notitie" "wrote a note" }
        did_close(reason) { "sloot het incident af: {reason}" "closed the incident: {reason}" }
        did_reopen { "heropende het incident" "reopened the incident" }
        did_raise(from, to) { "verhoogde de ernst van {from} naar {to}" "raised the severity from {from} to {to}" }

        conflict_title { "Iemand anders was sneller" "Somebody else was faster" }
        conflict_text(name, moment) { "{name} wijzigde dit incident {moment}, terwijl u bezig was. Er is nog niets van u bewaard. Kies wat blijft." "{name} changed this incident {moment} while you were working on it. Nothing of yours is saved yet. Choose what stays." }
        conflict_text_unknown { "Dit incident is gewijzigd terwijl u bezig was. Er is nog niets van u bewaard. Kies wat blijft." "This incident was changed while you were working on it. Nothing of yours is saved yet. Choose what stays." }
        conflict_yours { "Wat u wilde" "What you wanted" }
        conflict_theirs { "Hoe het nu is" "How it is now" }
        conflict_insist { "Doe het toch" "Do it anyway" }
        conflict_leave { "Laat het zo" "Leave it as it is" }
        want_take { "Dit incident behandelen" "Handle this incident" }
        want_give_back { "Dit incident niet toegewezen" "This incident unassigned" }
        want_phase(phase) { "Fase: {phase}" "Phase: {phase}" }
        want_close(reason) { "Afgesloten: {reason}" "Closed: {reason}" }
        want_reopen { "Dit incident heropend" "This incident reopened" }
        now_phase(phase) { "Fase: {phase}" "Phase: {phase}" }
        now_with(name) { "Behandelaar: {name}" "Assigned to {name}" }
        now_with_nobody { "Niet toegewezen" "Unassigned" }
    }
}

impl CaseWords {
    /// Why Schildwacht opened the case: `Eén waarschuwing van deze soort is genoeg.`
    pub(crate) fn opened_because(self, threshold: Threshold) -> String {
        let language = self.0;
        match threshold {
            Threshold::FirstAlert => {
                language.pick("Eén waarschuwing van deze soort is genoeg.", "One alert of this kind is enough.").to_owned()
            }
            Threshold::Events { count, within } => {
                let count = language.count(count, ("signaal", "signalen"), ("event", "events"));
                self.within(count, language.duration(within))
            }
            Threshold::Alerts { count, within } => {
                let count = language.count(count, ("waarschuwing", "verschillende waarschuwingen"), ("alert", "different alerts"));
                self.within(count, language.duration(within))
            }
        }
    }

    /// `14 keer, in 2 waarschuwingen`.
    pub(crate) fn seen_in(self, events: i64, alerts: i64) -> String {
        let alerts = self.0.count(alerts, ("waarschuwing", "waarschuwingen"), ("alert", "alerts"));
        format!("{}, in {alerts}", self.times(events))
    }

    /// `14 keer`.
    pub(crate) fn times(self, count: i64) -> String {
        self.0.count(count, ("keer", "keer"), ("time", "times"))
    }

    /// `voegde 14 nieuwe signalen van de sensor toe`.
    pub(crate) fn did_attach(self, events: i64) -> String {
        let count = self.0.count(events, ("nieuw signaal", "nieuwe signalen"), ("new event", "new events"));
        match self.0 {
            Language::Dutch => format!("voegde {count} van de sensor toe"),
            Language::English => format!("added {count} from the sensor"),
        }
    }
}
