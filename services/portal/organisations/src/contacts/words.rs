//! Words of a school's contacts.

use portal_frame::words;

words! {
    /// The words of contacts.
    pub(crate) ContactWords {
        title { "Contacten" "Contacts" }
        lead(school) { "Wie het responsteam belt bij een incident op {school}." "Whom the response team calls about an incident at {school}." }
        table { "Contacten: overdag eerst, daarna op naam" "Contacts: office hours first, then by name" }
        name { "Naam" "Name" }
        name_hint { "Een persoon of een dienst. Bijvoorbeeld “Onthaal”." "A person or a desk. For example “Reception”." }
        name_wrong { "Geef een naam van 1 tot 80 tekens" "Give a name of 1 to 80 characters" }
        phone { "Telefoonnummer" "Phone number" }
        phone_hint { "Bijvoorbeeld 09 374 12 34 of +32 9 374 12 34." "For example 09 374 12 34 or +32 9 374 12 34." }
        phone_wrong { "Geef een telefoonnummer van 3 tot 15 cijfers" "Give a phone number of 3 to 15 digits" }
        hours { "Bereikbaar" "Can be reached" }
        by_day { "Tijdens de schooluren" "During school hours" }
        out_of_hours { "Ook ’s avonds, in het weekend en in de vakantie" "Also in the evening, at weekends and in holidays" }
        act { "Acties" "Actions" }
        add { "Voeg een contact toe" "Add a contact" }
        full { "Een school heeft hoogstens 20 contacten. Verwijder er eerst een." "A school has at most 20 contacts. Remove one first." }
        edit { "Wijzig het contact" "Change the contact" }
        save { "Bewaar het contact" "Save the contact" }
        remove { "Verwijder het contact" "Remove the contact" }
        remove_text { "Het responsteam ziet dit contact dan niet meer." "The response team then no longer sees this contact." }
        cancel { "Annuleren" "Cancel" }
        changed_meanwhile { "Iemand anders wijzigde dit contact intussen. Kijk de gegevens na en beslis opnieuw." "Somebody else changed this contact in the meantime. Check the details and decide again." }
        empty_title { "Nog geen contacten" "No contacts yet" }
        empty_text { "Voeg toe wie het responsteam kan bellen bij een incident." "Add whom the response team can call about an incident." }
    }
}
