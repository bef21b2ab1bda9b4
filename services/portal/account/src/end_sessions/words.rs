//! Words of ending somebody's sessions.

use portal_frame::words;

words! {
    /// The words of ending somebody's sessions.
    pub(crate) EndSessionsWords {
        menu { "Sessies" "Sessions" }
        title { "Alle sessies van een persoon beëindigen" "End all sessions of a person" }
        lead { "Is een toestel gestolen, of kent iemand anders een wachtwoord? Meld die persoon dan overal af." "Is a device stolen, or does somebody else know a password? Then sign that person out everywhere." }
        person { "Nummer van de persoon" "ID of the person" }
        person_hint { "Zoals in het logboek: person:0190c0de-… Het staat ook klaar als u iemand kiest bij de mensen van een school." "As in the audit trail: person:0190c0de-… It is also filled in when you choose somebody among the people of a school." }
        person_wrong { "Geef het nummer van een persoon, zoals in het logboek" "Give the ID of a person, as in the audit trail" }
        reason { "Waarom?" "Why?" }
        reason_hint { "Bijvoorbeeld “laptop gestolen”. Dit blijft in het logboek staan." "For example “laptop stolen”. This stays in the audit trail." }
        reason_wrong { "Geef een reden van 1 tot 200 tekens" "Give a reason of 1 to 200 characters" }
        end { "Beëindig alle sessies" "End all sessions" }
        then { "Wat er dan gebeurt" "What happens then" }
        then_out { "De persoon is meteen overal afgemeld." "The person is signed out everywhere at once." }
        then_again { "De persoon kan zich opnieuw aanmelden. Blokkeer eerst de account, of laat het wachtwoord veranderen." "The person can sign in again. First disable the account, or have the password changed." }
        then_trail { "Wie dit deed en waarom, staat in het logboek." "Who did this and why is in the audit trail." }
    }
}
