//! Words of the people of a school.

use portal_frame::words;

words! {
    /// The words of people and their functions.
    pub(crate) PeopleWords {
        title { "Mensen en functies" "People and functions" }
        lead(school) { "Wie met Schildwacht werkt voor {school}. Wie iets mag, heeft daar een functie voor." "Who works with Schildwacht for {school}. Anyone who may do something has a function for it." }
        invite { "Nodig iemand uit" "Invite somebody" }
        due_title { "Klopt deze lijst nog?" "Is this list still right?" }
        due_text { "Iemand moet elke functie een keer per jaar bevestigen. Wie niet bevestigd is, verliest de functie op de dag die in de lijst staat." "Somebody must confirm each function once a year. Anyone who is not confirmed loses the function on the day in the list." }
        list { "De lijst" "The list" }
        views { "Weergaven" "Views" }
        view_due { "Na te kijken" "To check" }
        view_all { "Alle" "All" }
        view_ended { "Gestopt" "Ended" }
        who { "Wie" "Who" }
        function { "Functie" "Function" }
        until_when { "Tot wanneer" "Until when" }
        act { "Acties" "Actions" }
        since(day) { "sinds {day}" "since {day}" }
        from(day) { "vanaf {day}" "from {day}" }
        appointed_by_you { "aangesteld door u" "appointed by you" }
        appointed_by(name) { "aangesteld door {name}" "appointed by {name}" }
        through(day) { "Tot en met {day}" "Until {day}, that day included" }
        no_end { "Geen einddatum" "No end date" }
        due { "na te kijken" "to check" }
        confirm_by(day) { "Te bevestigen tot en met {day}" "To be confirmed by {day}" }
        ended(day) { "Gestopt {day}" "Ended {day}" }
        confirm { "Blijft" "Stays" }
        stop { "Stopt" "Stops" }
        sessions { "Sessies" "Sessions" }
        empty_due_title { "Niemand na te kijken" "Nobody to check" }
        empty_due_text { "Niemand moet in de volgende 60 dagen bevestigd worden." "Nobody has to be confirmed in the next 60 days." }
        empty_due_link { "Bekijk alle mensen" "See all people" }
        empty_all_title { "Nog niemand" "Nobody yet" }
        empty_all_text { "Nodig iemand uit. Wie de uitnodiging aanvaardt, verschijnt hier." "Invite somebody. Anyone who accepts the invitation is shown here." }
        empty_all_text_to_read { "Wie een uitnodiging aanvaardt, verschijnt hier." "Anyone who accepts an invitation is shown here." }
        empty_ended_title { "Niemand is gestopt" "Nobody has stopped" }
        empty_ended_text { "Wie een functie niet meer heeft, blijft hier te lezen." "Anyone who no longer holds a function can still be read here." }

        invitations { "Uitgenodigd" "Invited" }
        invitations_none { "Geen uitnodigingen wachten op antwoord." "No invitations are waiting for an answer." }
        invitations_cut { "Alleen de nieuwste uitnodigingen staan hier." "Only the newest invitations are shown here." }
        email { "E-mailadres" "E-mail address" }
        state { "Status" "Status" }
        expired { "verlopen" "expired" }
        resend { "Stuur opnieuw" "Send again" }
        withdraw { "Trek in" "Withdraw" }

        stop_title(name, function) { "{name} stopt als {function}" "{name} stops as {function}" }
        stop_day { "Laatste dag (mag leeg blijven)" "Last day (may stay empty)" }
        stop_day_hint { "Bijvoorbeeld 25/9/2026: de functie stopt die dag om middernacht. Leeg is vandaag: de functie stopt meteen." "For example 25/9/2026: the function ends at midnight that day. Empty is today: the function ends at once." }
        stop_day_wrong { "Geef een dag, zoals 25/9/2026, of niets" "Give a day, such as 25/9/2026, or nothing" }
        stop_reason { "Waarom? (mag leeg blijven)" "Why? (may stay empty)" }
        stop_reason_hint { "Bijvoorbeeld “met pensioen”. Dit blijft in het logboek staan." "For example “retired”. This stays in the audit trail." }
        stop_reason_wrong { "Geef een reden van hoogstens 200 tekens" "Give a reason of at most 200 characters" }
        stop_button { "Stop de functie" "End the function" }
        stop_then { "Wat er dan gebeurt" "What happens then" }
        stop_then_access(name) { "Hoogstens een minuut na het einde kan {name} met deze functie niets meer openen." "At most a minute after the end, {name} can no longer open anything with this function." }
        stop_then_others { "Andere functies blijven zoals ze zijn." "Other functions stay as they are." }
        stop_then_trail { "Wat in deze functie gedaan is, blijft in het logboek staan." "What was done in this function stays in the audit trail." }
        stop_ends_already(day) { "Nu is de laatste dag {day}. Een andere dag vervangt die." "The last day is now {day}. Another day replaces it." }
        cancel { "Annuleren" "Cancel" }
        back { "Terug naar de lijst" "Back to the list" }
    }
}

impl PeopleWords {
    /// `1–50 van 112 functies`.
    pub(crate) fn range(self, from: i64, until: i64, total: i64) -> String {
        let total = self.0.count(total, ("functie", "functies"), ("function", "functions"));
        format!("{}–{} {} {total}", self.0.number(from), self.0.number(until), self.0.pick("van", "of"))
    }

    /// `nog 4 dagen`.
    pub(crate) fn days_left(self, days: i64) -> String {
        let days = self.0.count(days, ("dag", "dagen"), ("day", "days"));
        if self.0 == portal_frame::Language::Dutch { format!("nog {days}") } else { format!("{days} left") }
    }
}
