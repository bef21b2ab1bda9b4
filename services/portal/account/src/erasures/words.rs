//! Words of erasing who a person is.

use portal_frame::words;

words! {
    /// The words of erasing who a person is.
    pub(crate) ErasuresWords {
        menu { "Personen wissen" "Erase people" }
        title { "Een persoon wissen" "Erase a person" }
        lead { "Vraagt iemand om gewist te worden? Stel het hier voor. Een collega van het platformteam keurt het goed." "Does somebody ask to be erased? Propose it here. A colleague of the platform team agrees." }
        waiting { "Wacht op goedkeuring" "Waiting for agreement" }
        waiting_none { "Er wacht geen voorstel." "No proposal is waiting." }
        waiting_cut { "Er wachten nog oudere voorstellen. Beantwoord eerst deze." "Older proposals are waiting too. Answer these first." }
        who { "Wie" "Who" }
        name_unknown { "Naam niet bekend" "Name not known" }
        why { "Waarom" "Why" }
        what_ends { "Functies die stoppen" "Functions that end" }
        functions_none { "geen" "none" }
        leaves_a_place { "Niemand anders beheert die plaats. Stel eerst een opvolger aan." "Nobody else looks after that place. Appoint a successor first." }
        until_when { "Goed te keuren tot" "To be agreed by" }
        act { "Beslissen" "Decide" }
        agree { "Wis deze persoon" "Erase this person" }
        withdraw { "Trek het voorstel in" "Withdraw the proposal" }
        own { "U stelde dit voor. Een collega keurt het goed." "You proposed this. A colleague agrees." }
        propose_title { "Nieuw voorstel" "New proposal" }
        person { "Nummer van de persoon" "ID of the person" }
        person_hint { "Zoals in het logboek: person:0190c0de-…" "As in the audit trail: person:0190c0de-…" }
        person_wrong { "Geef het nummer van een persoon, zoals in het logboek" "Give the ID of a person, as in the audit trail" }
        reason { "Waarom?" "Why?" }
        reason_hint { "Bijvoorbeeld “verzoek 2026-114”. Schrijf de naam van de persoon niet op: dit blijft bewaard." "For example “request 2026-114”. Do not write the person’s name: this is kept." }
        reason_wrong { "Geef een reden van 1 tot 200 tekens" "Give a reason of 1 to 200 characters" }
        propose { "Stel voor om te wissen" "Propose to erase" }
        then { "Wat er na de goedkeuring gebeurt" "What happens once a colleague agrees" }
        then_gone { "De naam en het mailadres zijn overal weg. Dat is niet ongedaan te maken." "The name and the e-mail address are gone everywhere. That cannot be undone." }
        then_ends { "Alle functies stoppen, en de persoon is overal afgemeld." "All functions end, and the person is signed out everywhere." }
        then_account { "Verwijder eerst de account bij de aanmelddienst. Anders kan de persoon zich opnieuw aanmelden." "First delete the account at the sign-in service. Otherwise the person can sign in again." }
        then_trail { "Wat de persoon deed, blijft in het logboek, zonder naam." "What the person did stays in the audit trail, without a name." }
    }
}
