//! Words of a school's history.

use portal_frame::{
    words,
    words::{ShellWords, Terms},
};

use super::view::Deed;

words! {
    /// The words of a school's history.
    pub(crate) HistoryWords {
        title { "Historiek" "History" }
        lead(school) { "Wie iets van {school} las, exporteerde of wijzigde. Het nieuwste staat bovenaan." "Who read, exported or changed something of {school}. The newest is shown first." }
        text { "Wat hier staat, verdwijnt niet. Een lijst bekijken staat er niet in, een incident openen of een bestand maken wel. Wie in hetzelfde uur hetzelfde nog eens opent, staat er één keer." "What is here does not disappear. Looking at a list is not in it; opening an incident or making a file is. Anyone who opens the same again within the hour is in it once." }
        table(school) { "Historiek van {school}" "History of {school}" }
        list { "Wat er gebeurde" "What happened" }
        who { "Wie" "Who" }
        what { "Wat" "What" }
        when { "Wanneer" "When" }
        show { "Toon" "Show" }
        view_all { "Alles" "Everything" }
        view_read { "Gelezen" "Read" }
        view_exported { "Geëxporteerd" "Exported" }
        view_changed { "Gewijzigd" "Changed" }
        search { "Zoek in de historiek" "Search the history" }
        search_hint { "Naam, of nummer van een incident" "Name, or number of an incident" }
        filter_search(text) { "Zoekt: {text}" "Search: {text}" }

        automatic { "automatisch" "automatically" }

        incidents_missing { "Wat er met incidenten gebeurde, kunnen we nu even niet tonen. Vernieuw de pagina over een minuut." "We cannot show what happened to incidents just now. Refresh the page in a minute." }
        devices_missing { "Wat er met toestellen gebeurde, kunnen we nu even niet tonen. Vernieuw de pagina over een minuut." "We cannot show what happened to devices just now. Refresh the page in a minute." }
        school_missing { "Wat er met mensen, contacten en gateways gebeurde, kunnen we nu even niet tonen. Vernieuw de pagina over een minuut." "We cannot show what happened to people, contacts and gateways just now. Refresh the page in a minute." }

        empty_title { "Nog niets gebeurd" "Nothing happened yet" }
        empty_text { "Zodra iemand iets van deze school leest, exporteert of wijzigt, staat dat hier." "As soon as somebody reads, exports or changes something of this school, it is shown here." }
        empty_filter_title { "Niets gevonden" "Nothing found" }
        empty_filter_text { "Zoek op iets anders of bekijk alles." "Search for something else or see everything." }
        empty_filter_link { "Bekijk alles" "See everything" }

        did_read_case { "las een incident" "read an incident" }
        did_open_case { "opende een incident" "opened an incident" }
        did_attach_alert { "voegde een waarschuwing toe aan een incident" "added an alert to an incident" }
        did_raise_severity { "verhoogde de ernst van een incident" "raised the severity of an incident" }
        did_take_case { "begon een incident te behandelen" "started to handle an incident" }
        did_give_case { "wees een incident toe aan iemand van het responsteam" "assigned an incident to somebody of the response team" }
        did_give_case_back { "gaf een incident terug" "gave an incident back" }
        did_change_phase(phase) { "zette een incident in de fase “{phase}”" "moved an incident to the phase “{phase}”" }
        did_write_note { "schreef een notitie bij een incident" "wrote a note in an incident" }
        did_close_case { "sloot een incident af" "closed an incident" }
        did_reopen_case { "heropende een incident" "reopened an incident" }
        did_remove_case { "verwijderde een incident waarvan de bewaartermijn voorbij is" "removed an incident whose retention period is over" }
        did_export_all_cases { "exporteerde de incidenten van alle scholen" "exported the incidents of all schools" }
        did_read_history { "las deze historiek" "read this history" }
        did_export_access { "exporteerde wie wat ziet" "exported who sees what" }
        did_export_history { "exporteerde deze historiek" "exported this history" }
        did_add_contact { "voegde een contact toe" "added a contact" }
        did_change_contact { "wijzigde een contact" "changed a contact" }
        did_remove_contact { "verwijderde een contact" "removed a contact" }
        did_enrol { "registreerde een gateway" "registered a gateway" }
        did_rotate { "verving de geheime sleutel van een gateway" "replaced the client secret of a gateway" }
        did_give_code { "maakte een code voor een gateway" "made a code for a gateway" }
        did_redeem_code { "gaf een gateway een geheime sleutel voor zijn code" "gave a gateway a client secret for its code" }
        did_revoke { "zette de toegang van een gateway stop" "revoked a gateway" }
        did_invite(function) { "nodigde iemand uit als {function}" "invited somebody as {function}" }
        did_invite_again(function) { "stuurde de uitnodiging als {function} opnieuw" "sent the invitation as {function} again" }
        did_withdraw(function) { "verwijderde de uitnodiging als {function}" "withdrew the invitation as {function}" }
        did_accept(function) { "aanvaardde de uitnodiging als {function}" "accepted the invitation as {function}" }
        did_get_function(function) { "kreeg de functie van {function}" "got the function of {function}" }
        did_appoint(function) { "gaf iemand de functie van {function}" "gave somebody the function of {function}" }
        did_end_function(function) { "stopte iemands functie van {function}" "ended somebody’s function of {function}" }
        did_confirm_function(function) { "bevestigde iemands functie van {function}" "confirmed somebody’s function of {function}" }
        did_remind { "stuurde herinneringen om functies te bevestigen" "sent reminders to confirm functions" }
        did_add_school { "voegde de school toe uit een lijst van scholen" "added the school from a list of schools" }
        did_update_school { "werkte de gegevens van de school bij uit een lijst van scholen" "updated the details of the school from a list of schools" }
        did_check_director { "bewaarde een controle van de directeur" "recorded a check of the head teacher" }
        did_confirm_school { "bevestigde de school namens het bestuur" "confirmed the school for the board" }
        did_propose_override { "stelde een uitzondering op een controle voor" "proposed an exception to a check" }
        did_agree_override { "keurde een uitzondering op een controle goed" "agreed to an exception to a check" }
        did_end_override { "stopte een uitzondering op een controle" "ended an exception to a check" }
        did_suppress { "liet de waarschuwingen van een regel een tijd weg" "left out the alerts of a rule for a time" }
        did_end_suppression { "liet de waarschuwingen van een regel weer toe" "let the alerts of a rule through again" }
        did_something { "deed iets dat deze pagina nog niet kent" "did something that this page does not know yet" }
    }
}

impl HistoryWords {
    /// What somebody did, after their name: `exporteerde 45 toestellen`.
    pub(crate) fn deed(self, deed: Deed) -> String {
        let function = |function| ShellWords(self.0).function(function);
        let plain = match deed {
            Deed::ReadCase => self.did_read_case(),
            Deed::OpenedCase => self.did_open_case(),
            Deed::AttachedAlert => self.did_attach_alert(),
            Deed::RaisedSeverity => self.did_raise_severity(),
            Deed::TookCase => self.did_take_case(),
            Deed::GaveCase => self.did_give_case(),
            Deed::GaveCaseBack => self.did_give_case_back(),
            Deed::ChangedPhase(phase) => return self.did_change_phase(Terms(self.0).phase(phase)),
            Deed::WroteNote => self.did_write_note(),
            Deed::ClosedCase => self.did_close_case(),
            Deed::ReopenedCase => self.did_reopen_case(),
            Deed::RemovedCase => self.did_remove_case(),
            Deed::ExportedCases(None) => self.did_export_all_cases(),
            Deed::ExportedCases(Some(rows)) => return self.exported(rows, ("incident", "incidenten"), ("incident", "incidents")),
            Deed::ExportedDevices(rows) => return self.exported(rows, ("toestel", "toestellen"), ("device", "devices")),
            Deed::ReadHistory => self.did_read_history(),
            Deed::ExportedAccess => self.did_export_access(),
            Deed::ExportedHistory => self.did_export_history(),
            Deed::AddedContact => self.did_add_contact(),
            Deed::ChangedContact => self.did_change_contact(),
            Deed::RemovedContact => self.did_remove_contact(),
            Deed::EnrolledGateway => self.did_enrol(),
            Deed::RotatedSecret => self.did_rotate(),
            Deed::GaveCode => self.did_give_code(),
            Deed::RedeemedCode => self.did_redeem_code(),
            Deed::RevokedGateway => self.did_revoke(),
            Deed::Invited(as_what) => return self.did_invite(function(as_what)),
            Deed::InvitedAgain(as_what) => return self.did_invite_again(function(as_what)),
            Deed::WithdrewInvitation(as_what) => return self.did_withdraw(function(as_what)),
            Deed::AcceptedInvitation(as_what) => return self.did_accept(function(as_what)),
            Deed::GotFunction(what) => return self.did_get_function(function(what)),
            Deed::Appointed(what) => return self.did_appoint(function(what)),
            Deed::EndedFunction(what) => return self.did_end_function(function(what)),
            Deed::ConfirmedFunction(what) => return self.did_confirm_function(function(what)),
            Deed::Reminded => self.did_remind(),
            Deed::AddedSchool => self.did_add_school(),
            Deed::UpdatedSchool => self.did_update_school(),
            Deed::CheckedDirector => self.did_check_director(),
            Deed::ConfirmedSchool => self.did_confirm_school(),
            Deed::ProposedOverride => self.did_propose_override(),
            Deed::AgreedOverride => self.did_agree_override(),
            Deed::EndedOverride => self.did_end_override(),
            Deed::SuppressedAlerts => self.did_suppress(),
            Deed::EndedSuppression => self.did_end_suppression(),
            Deed::Unknown => self.did_something(),
        };
        plain.to_owned()
    }

    fn exported(self, rows: i64, dutch: (&str, &str), english: (&str, &str)) -> String {
        format!("{} {}", self.0.pick("exporteerde", "exported"), self.0.count(rows, dutch, english))
    }

    /// `1–50 van 112 regels`.
    pub(crate) fn range(self, from: i64, until: i64, total: i64) -> String {
        let total = self.0.count(total, ("regel", "regels"), ("line", "lines"));
        format!("{}–{} {} {total}", self.0.number(from), self.0.number(until), self.0.pick("van", "of"))
    }
}
