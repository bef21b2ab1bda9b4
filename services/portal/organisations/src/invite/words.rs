//! Words of an invitation to be.

use portal_frame::words;

words! {
    /// The words of inviting somebody.
    pub(crate) InviteWords {
        lead(school) { "Wie u uitnodigt, krijgt een mail met een link. Met die link neemt die persoon de functie op bij {school}." "Anyone you invite gets a mail with a link. With that link the person takes the function at {school}." }
        email { "E-mailadres van het werk" "Work e-mail address" }
        email_hint { "De link werkt een keer en zeven dagen lang." "The link works once, for seven days." }
        email_wrong { "Geef een e-mailadres, zoals els.vermeulen@school.be" "Give an e-mail address, such as els.vermeulen@school.be" }
        function { "Functie" "Function" }
        function_hint { "De functie bepaalt wat iemand ziet. Kies niet meer dan nodig is." "The function decides what somebody sees. Choose no more than is needed." }
        function_wrong { "Kies een functie uit de lijst" "Choose a function from the list" }
        day { "Tot wanneer? (mag leeg blijven)" "Until when? (may stay empty)" }
        day_hint { "De laatste dag van de functie, bijvoorbeeld 30/6/2027." "The last day of the function, for example 30/6/2027." }
        day_hint_until(day) { "De laatste dag van de functie, hoogstens {day}: dan eindigt uw eigen functie. Leeg laten kan niet." "The last day of the function, {day} at the latest: your own function ends then. It cannot stay empty." }
        day_wrong { "Geef een dag in de toekomst, zoals 30/6/2027, of niets" "Give a day in the future, such as 30/6/2027, or nothing" }
        day_too_late { "Uw eigen functie eindigt eerder. Kies een dag voor uw eigen functie eindigt" "Your own function ends earlier. Choose a day before your own function ends" }
        day_later_than(day) { "Uw eigen functie eindigt {day}. Kies die dag of een vroegere" "Your own function ends {day}. Choose that day or an earlier one" }
        send { "Verstuur de uitnodiging" "Send the invitation" }
        cancel { "Annuleren" "Cancel" }
    }
}
