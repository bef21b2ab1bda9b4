//! Words of what somebody may see, and who sees what of them.

use portal_frame::words;

words! {
    /// The words of the visitor's own access.
    pub(crate) OwnAccessWords {
        title { "Wat u mag zien, en wie u ziet" "What you may see, and who sees you" }
        lead { "Schildwacht houdt van u bij: uw naam, uw e-mailadres, uw functies, en wat u opent, exporteert en wijzigt." "Schildwacht keeps of you: your name, your e-mail address, your functions, and what you open, export and change." }
        may_see { "Wat u mag zien" "What you may see" }
        data { "Gegevens" "Data" }
        access { "Wat u mag" "What you may do" }
        why { "Waarom" "Why" }
        who { "Wie" "Who" }
        what { "Wat" "What" }
        nothing { "Met deze functie ziet u alleen uw eigen gegevens." "With this function you see your own data only." }
        none { "U hebt geen functie. U ziet alleen uw eigen gegevens." "You have no function. You see your own data only." }
        term(from, until) { "sinds {from}, tot en met {until}" "since {from}, until {until}, that day included" }
        by_sign_in { "door uw aanmelding" "by your sign-in" }
        seen_by { "Wie iets van u ziet" "Who sees something of you" }
        holds_it { "uw naam, uw e-mailadres en dat u deze functie hebt" "your name, your e-mail address, and that you hold this function" }
        deeds { "wat u daar opent, exporteert en wijzigt" "what you open, export and change there" }
        everywhere { "Wat u bij een school opent, exporteert of wijzigt, staat in de historiek van die school." "What you open, export or change at a school is in the history of that school." }
    }
}
