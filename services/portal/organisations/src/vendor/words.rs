//! Words of the form of a vendor.

use portal_frame::words;

words! {
    /// The words of a vendor's details.
    pub(crate) VendorWords {
        register_title { "Meld uw bedrijf aan als leverancier" "Enrol your company as a vendor" }
        register_lead { "We sturen een mail met een link naar een adres op het domein van uw bedrijf. Met die link gaat u verder." "We send a mail with a link to an address at your company’s domain. With that link you go on." }
        add_title { "Voeg een leverancier toe" "Add a vendor" }
        add_lead { "Nodig daarna een contactpersoon van de leverancier uit." "Invite a contact of the vendor afterwards." }
        edit_title { "Wijzig de gegevens" "Change the details" }
        edit_lead { "Met een ander domein begint het bewijs van het domein opnieuw. Met een andere naam kijkt het platformteam opnieuw in de KBO." "With another domain, the proof of the domain begins again. With another name, the platform team looks in the register of companies again." }
        number { "Ondernemingsnummer" "Enterprise number" }
        number_hint { "Tien cijfers, bijvoorbeeld 0428.759.497. Geef geen vestigingsnummer." "Ten digits, for example 0428.759.497. Not the number of an establishment unit." }
        number_wrong { "Geef een ondernemingsnummer van tien cijfers dat met 0 of 1 begint. Kijk of geen cijfer fout of omgewisseld is" "Give an enterprise number of ten digits that begins with 0 or 1. Check that no digit is wrong or swapped" }
        name { "Naam, zoals in de KBO" "Name, as in the register of companies" }
        name_wrong { "Geef een naam van hoogstens 200 tekens" "Give a name of at most 200 characters" }
        domain { "Domein van de website" "Domain of the website" }
        domain_hint { "Zonder https://, bijvoorbeeld leermaat.be." "Without https://, for example leermaat.be." }
        domain_wrong { "Geef een domein dat van u alleen is, zoals leermaat.be" "Give a domain that is yours alone, such as leermaat.be" }
        contact { "E-mailadres voor beveiliging" "E-mail address for security" }
        contact_hint { "Daar komen berichten over incidenten en kwetsbaarheden aan." "Notices of incidents and vulnerabilities arrive there." }
        contact_hint_register { "Op het domein van uw bedrijf: de link komt daar aan." "At your company’s domain: the link arrives there." }
        contact_wrong { "Geef een e-mailadres op het domein hierboven, zoals security@leermaat.be" "Give an e-mail address at the domain above, such as security@leermaat.be" }
        register { "Verstuur de link" "Send the link" }
        save { "Bewaar de leverancier" "Save the vendor" }
        cancel { "Annuleren" "Cancel" }
        is_taken { "Een leverancier met dit nummer is al aangemeld. Vraag een collega om u uit te nodigen, of mail het platformteam." "A vendor with this number is enrolled already. Ask a colleague to invite you, or mail the platform team." }
        too_many { "U meldde vandaag al drie leveranciers aan. Probeer morgen opnieuw, of mail het platformteam." "You enrolled three vendors today. Try again tomorrow, or mail the platform team." }
        too_many_letters { "Dit adres kreeg vandaag al vijf mails. Kijk of ze aankomen, ook bij ongewenste mail, en probeer het morgen opnieuw." "This address has had five mails today. Check whether they arrive, also in the spam folder, and try again tomorrow." }
        has_changed { "Iemand anders wijzigde deze gegevens net. Open de pagina opnieuw en wijzig ze nog eens." "Somebody else has just changed these details. Open the page again and change them once more." }
    }
}
