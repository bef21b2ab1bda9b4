//! Words of a case's page.

use portal_frame::{Language, words};

use super::timeline::Threshold;

words! {
    /// The words of a case's page.
    pub(crate) CaseWords {
        opened(moment) { "geopend {moment}" "opened {moment}" }
        handled_by(name) { "behandeld door {name}" "handled by {name}" }
        handled_by_nobody { "nog van niemand" "nobody's yet" }
        phase_of_case { "Fase van de zaak" "Phase of the case" }
        skipped { "overgeslagen" "skipped" }
        skipped_phases { "Overgeslagen" "Skipped" }
        since(moment) { "sinds {moment}" "since {moment}" }
        clocks { "Klokken" "Clocks" }
        first_reaction { "Eerste reactie" "First reaction" }
        solution { "Oplossing" "Solution" }
        parts { "Delen van de zaak" "Parts of the case" }
        overview { "Overzicht" "Overview" }
        evidence { "Bewijs" "Evidence" }
        timeline { "Tijdlijn" "Timeline" }

        note { "Notitie" "Note" }
        take { "Neem deze zaak" "Take this case" }
        take_over { "Neem over" "Take over" }
        give_back { "Geef de zaak terug" "Give the case back" }
        next_phase(phase) { "Volgende fase: {phase}" "Next phase: {phase}" }
        other_phase { "Andere fase" "Another phase" }
        close { "Sluit de zaak" "Close the case" }
        reopen { "Heropen de zaak" "Reopen the case" }

        what_happened { "Wat is er gebeurd" "What happened" }
        do_now { "Doe dit nu" "Do this now" }
        do_not { "Doe dit niet" "Do not" }
        whom_to_call { "Wie belt u" "Whom to call" }
        the_device { "het toestel" "the device" }
        the_number { "het noodnummer" "the emergency number" }
        no_story { "Voor deze waarschuwing bestaat nog geen uitleg in gewone woorden. Kijk naar het bewijs hieronder." "There is no explanation in plain words for this warning yet. Look at the evidence below." }
        closed_as(reason) { "Gesloten: {reason}" "Closed: {reason}" }

        facts { "Feiten" "Facts" }
        school { "School" "School" }
        kind { "Soort" "Kind" }
        seen { "Gezien" "Seen" }
        last_sign { "Laatste teken" "Last sign" }
        changed { "Gewijzigd" "Changed" }
        who { "Wie" "Who" }
        rule_set { "Volgens welke regels?" "By which rules?" }
        rule_set_text(version) { "Titel, uitleg en streeftijden komen uit versie {version} van de afspraken. Een latere versie verandert deze zaak niet." "Title, explanation and target times come from version {version} of the arrangements. A later version does not change this case." }
        rule { "Regel" "Rule" }
        codes { "Codes van specialisten" "Specialists’ codes" }

        evidence_title(number, total) { "Bewijs {number} van {total}: waarschuwing van de netwerksensor" "Evidence {number} of {total}: warning by the network sensor" }
        from { "Van" "From" }
        to { "Naar" "To" }
        port(number) { "poort {number}" "port {number}" }
        device_of_school { "Toestel van de school" "Device of the school" }
        address_in_school { "Adres binnen de school" "Address within the school" }
        address_outside { "Adres buiten de school" "Address outside the school" }
        sensor_category { "Categorie" "Category" }
        seen_by { "Gezien door" "Seen by" }
        show_rule { "Welke regel van de sensor sloeg aan?" "Which rule of the sensor was it?" }
        show_raw { "Toon het ruwe bericht" "Show the raw message" }
        raw_label { "Ruw bericht van de sensor" "Raw message of the sensor" }
        raw_as_it_came { "Hierboven leesbaar geschikt; het bericht zelf is onveranderd bewaard." "Laid out to be readable above; the message itself is kept unchanged." }
        download_raw { "Download het bericht" "Download the message" }
        no_evidence_title { "Nog geen bewijs" "No evidence yet" }
        no_evidence_text { "De waarschuwingen van de sensor komen hier zodra ze verwerkt zijn." "The sensor's warnings appear here as soon as they are processed." }
        more_evidence { "Toon meer bewijs" "Show more evidence" }
        older_steps { "Toon oudere stappen" "Show older steps" }
        newest_steps { "Terug naar het nieuwste" "Back to the newest" }
        first_evidence { "Terug naar het eerste bewijs" "Back to the first evidence" }

        add_note { "Voeg een notitie toe" "Add a note" }
        note_text { "Uw notitie" "Your note" }
        note_hint { "Wat deed u, wat weet u nu, wat moet er nog gebeuren?" "What did you do, what do you know now, what is still to be done?" }
        note_tlp { "Wie mag dit lezen?" "Who may read this?" }
        tlp_red { "TLP:RED, alleen wie het nu leest" "TLP:RED, only those who read it now" }
        tlp_amber_strict { "TLP:AMBER+STRICT, alleen ons team" "TLP:AMBER+STRICT, our team only" }
        tlp_amber { "TLP:AMBER, ons team en de school" "TLP:AMBER, our team and the school" }
        tlp_green { "TLP:GREEN, de hele sector" "TLP:GREEN, the whole sector" }
        tlp_clear { "TLP:CLEAR, iedereen" "TLP:CLEAR, everybody" }
        audience_red { "Alleen voor wie dit nu leest" "Only for those who read this now" }
        audience_amber_strict { "Alleen voor het responsteam" "Only for the response team" }
        audience_amber { "Voor het responsteam en uw school" "For the response team and your school" }
        audience_green { "Voor alle scholen" "For all schools" }
        audience_clear { "Voor iedereen" "For everybody" }
        save_note { "Bewaar de notitie" "Save the note" }
        note_empty { "Schrijf eerst een notitie" "Write a note first" }
        note_too_long { "Maak de notitie korter, hoogstens 10 000 tekens" "Make the note shorter, 10,000 characters at most" }

        move_on { "De zaak vooruit" "Move the case on" }
        choose_phase { "Zet de zaak in fase" "Put the case in phase" }
        change_phase { "Wijzig de fase" "Change the phase" }
        close_title { "Sluit de zaak" "Close the case" }
        close_reason { "Waarom?" "Why?" }
        close_text { "Wat is er vastgesteld en gedaan?" "What was found and done?" }
        close_hint { "De school leest dit ook." "The school reads this too." }
        close_choose_reason { "Kies een reden" "Choose a reason" }
        close_text_empty { "Schrijf kort wat er vastgesteld en gedaan is" "Write briefly what was found and done" }
        close_text_too_long { "Maak de tekst korter, hoogstens 2 000 tekens" "Make the text shorter, 2,000 characters at most" }
        reopen_title { "Heropen de zaak" "Reopen the case" }
        reopen_text { "Waarom gaat de zaak weer open?" "Why does the case open again?" }
        reopen_text_empty { "Schrijf kort waarom de zaak weer open gaat" "Write briefly why the case opens again" }

        show_audit { "Hoe weet ik dat hier niets gewijzigd is?" "How do I know that nothing was changed here?" }
        show_audit_text { "Elke stap staat ook in een register waar niets uit verdwijnt. Dit zijn de nummers en controlecodes." "Every step also stands in a register that nothing disappears from. These are the numbers and check codes." }
        audit(number) { "register {number}" "register {number}" }
        within(count, time) { "{count} binnen {time}." "{count} within {time}." }
        did_open { "opende de zaak" "opened the case" }
        did_take { "nam de zaak" "took the case" }
        did_assign_to(name) { "gaf de zaak aan {name}" "gave the case to {name}" }
        did_give_back { "gaf de zaak terug" "gave the case back" }
        did_change_phase(from, to) { "zette de fase van {from} naar {to}" "moved the phase from {from} to {to}" }
        did_note { "schreef een notitie" "wrote a note" }
        did_close(reason) { "sloot de zaak: {reason}" "closed the case: {reason}" }
        did_reopen { "heropende de zaak" "reopened the case" }
        did_raise(from, to) { "verhoogde de ernst van {from} naar {to}" "raised the severity from {from} to {to}" }

        conflict_title { "Iemand anders was sneller" "Somebody else was faster" }
        conflict_text(name, moment) { "{name} wijzigde deze zaak {moment}, terwijl u bezig was. Er is nog niets van u bewaard. Kies wat blijft." "{name} changed this case {moment} while you were at it. Nothing of yours is saved yet. Choose what stays." }
        conflict_text_unknown { "Deze zaak is gewijzigd terwijl u bezig was. Er is nog niets van u bewaard. Kies wat blijft." "This case was changed while you were at it. Nothing of yours is saved yet. Choose what stays." }
        conflict_yours { "Wat u wilde" "What you wanted" }
        conflict_theirs { "Hoe het nu is" "How it is now" }
        conflict_insist { "Doe het toch" "Do it anyway" }
        conflict_leave { "Laat het zo" "Leave it as it is" }
        want_take { "De zaak op uw naam" "The case in your name" }
        want_give_back { "De zaak van niemand" "The case with nobody" }
        want_phase(phase) { "Fase: {phase}" "Phase: {phase}" }
        want_close(reason) { "Gesloten: {reason}" "Closed: {reason}" }
        want_reopen { "De zaak weer open" "The case open again" }
        now_phase(phase) { "Fase: {phase}" "Phase: {phase}" }
        now_with(name) { "Op naam van {name}" "In the name of {name}" }
        now_with_nobody { "Van niemand" "With nobody" }
    }
}

impl CaseWords {
    /// Why Schildwacht opened the case: `Eén waarschuwing van deze soort is genoeg.`
    pub(crate) fn opened_because(self, threshold: Threshold) -> String {
        let language = self.0;
        match threshold {
            Threshold::FirstAlert => {
                language.pick("Eén waarschuwing van deze soort is genoeg.", "One warning of this kind is enough.").to_owned()
            }
            Threshold::Events { count, within } => {
                let count = language.count(count, ("melding", "meldingen"), ("event", "events"));
                self.within(count, language.duration(within))
            }
            Threshold::Alerts { count, within } => {
                let count = language.count(count, ("waarschuwing", "verschillende waarschuwingen"), ("warning", "different warnings"));
                self.within(count, language.duration(within))
            }
        }
    }

    /// `14 keer, in 2 waarschuwingen`.
    pub(crate) fn seen_in(self, events: i64, alerts: i64) -> String {
        let alerts = self.0.count(alerts, ("waarschuwing", "waarschuwingen"), ("warning", "warnings"));
        format!("{}, in {alerts}", self.times(events))
    }

    /// `14 keer`.
    pub(crate) fn times(self, count: i64) -> String {
        self.0.count(count, ("keer", "keer"), ("time", "times"))
    }

    /// `voegde 14 nieuwe meldingen van de sensor toe`.
    pub(crate) fn did_attach(self, events: i64) -> String {
        let count = self.0.count(events, ("nieuwe melding", "nieuwe meldingen"), ("new event", "new events"));
        match self.0 {
            Language::Dutch => format!("voegde {count} van de sensor toe"),
            Language::English => format!("added {count} from the sensor"),
        }
    }
}
