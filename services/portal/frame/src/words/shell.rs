//! Words around every page: bar, menu, footer, messages after an act, and what is said when something goes wrong.

use auth::{Action, Function};

use crate::{visitor::Visitor, words};

words! {
    /// The words around every page.
    pub ShellWords {
        skip { "Naar de inhoud" "Skip to content" }
        menu { "Menu" "Menu" }
        main_menu { "Hoofdmenu" "Main menu" }
        account { "Uw account" "Your account" }
        sign_in { "Aanmelden" "Sign in" }
        sign_out { "Afmelden" "Sign out" }
        own_access { "Wat u mag zien, en wie u ziet" "What you may see, and who sees you" }
        colours { "Kleuren" "Colours" }
        colours_device { "Zoals uw toestel" "Like your device" }
        colours_light { "Licht" "Light" }
        colours_dark { "Donker" "Dark" }
        search_cases { "Zoek een incident, school of IP-adres" "Search for incidents, schools or IP addresses" }
        search_devices { "Zoek een toestel of adres" "Search for devices or addresses" }
        help { "Hulp" "Help" }
        accessibility { "Toegankelijkheid" "Accessibility" }
        privacy { "Privacy" "Privacy" }
        service_of { "Schildwacht is een dienst van de overheid voor alle scholen." "Schildwacht is a government service for all schools." }

        emergency_title { "Is de aanval nu bezig?" "Is the attack happening now?" }
        emergency_text { "Bel meteen. Wacht niet op nieuws op deze pagina." "Call straight away. Do not wait for news on this page." }
        emergency_case_text(reference) { "Bel meteen en geef het nummer {reference} door. Wacht niet op nieuws op deze pagina." "Call straight away and give the number {reference}. Do not wait for news on this page." }
        emergency_away_text { "Gebeurt er nu iets ergs op het netwerk van uw school? Bel meteen. Wacht niet op deze pagina." "Is something bad happening on your school’s network right now? Call straight away. Do not wait for this page." }
        emergency_call(phone) { "Bel {phone}" "Call {phone}" }
        or_mail { "of mail" "or mail" }

        response_team { "Responsteam" "Response team" }
        platform_team { "Platformteam" "Platform team" }
        responder { "responsteam" "response team" }
        response_lead { "leiding responsteam" "response team lead" }
        operator { "platformteam" "platform team" }
        director { "directeur" "head teacher" }
        ict_coordinator { "ICT-coördinator" "ICT coordinator" }
        teacher { "leerkracht" "teacher" }
        reviewer { "beoordelaar" "reviewer" }
        editor { "redacteur" "editor" }
        board_member { "bestuurslid" "board member" }
        dpo { "functionaris voor gegevensbescherming (DPO)" "data protection officer (DPO)" }
        vendor_contact { "contact van een leverancier" "vendor contact" }
        pupil { "leerling" "pupil" }
        parent { "ouder" "parent" }

        queue { "Wachtrij" "Queue" }
        my_cases { "Mijn incidenten" "My incidents" }
        network { "Netwerk" "Network" }
        schools { "Scholen" "Schools" }
        your_school { "Uw school" "Your school" }
        your_schools { "Uw scholen" "Your schools" }
        your_company { "Uw bedrijf" "Your company" }
        looking_at { "U kijkt naar" "You are looking at" }
        choose_organisation { "Kies een organisatie" "Choose an organisation" }
        all_organisations { "Al uw organisaties" "All your organisations" }
        more_schools { "Bekijk al uw scholen" "View all your schools" }
        ministry { "Ministerie" "Ministry" }
        devices { "Toestellen" "Devices" }
        incidents { "Incidenten" "Incidents" }
        platform { "Platform" "Platform" }
        gateways { "Gateways" "Gateways" }

        breadcrumbs { "Kruimelpad" "Breadcrumbs" }
        pages { "Pagina’s" "Pages" }
        first_page { "Begin" "First" }
        previous_page { "Vorige" "Previous" }
        next_page { "Volgende" "Next" }
        page_number(number) { "Pagina {number}" "Page {number}" }
        filters { "Filters" "Filters" }
        filtered_by { "Gefilterd op" "Filtered by" }
        remove_filter { ", verwijder dit filter" ", remove this filter" }
        clear_filters { "Wis alles" "Clear all" }
        apply { "Toepassen" "Apply" }
        all { "Alle" "All" }
        more { "Meer" "More" }
        export_csv { "Exporteer naar CSV" "Export as CSV" }
        export_json { "Exporteer naar JSON" "Export as JSON" }
        export_cut(rows, total) { "Het bestand bevat de eerste {rows} van {total} rijen. Filter de lijst om de rest te krijgen." "The file holds the first {rows} of {total} rows. Filter the list to get the rest." }
        error_prefix { "Fout: " "Error: " }
        check_again { "Kijk dit nog even na" "Please check this" }

        not_found_title { "Deze pagina vinden we niet" "We cannot find this page" }
        not_found_text { "Misschien is het adres verkeerd, of mag u deze pagina niet zien. Kijk het adres na of begin opnieuw." "The address may be wrong, or this page is not for you to see. Check the address or start again." }
        denied_title { "U hebt hier geen toegang toe" "You do not have access to this" }
        denied_text { "Uw rechten laten dit niet toe. Vraag ze aan de lokale beheerder (Gebruikersbeheer)." "Your rights do not allow this. Ask your local user administrator for them." }
        signed_out_title { "U bent niet meer aangemeld" "You are no longer signed in" }
        signed_out_text { "Er is niets gewijzigd. Meld u opnieuw aan en vul het formulier nog eens in." "Nothing was changed. Sign in again and fill in the form once more." }
        too_weak_title { "U moet zich op een zekerdere manier aanmelden" "You must sign in in a surer way" }
        too_weak_text { "Hiervoor is meer nodig dan een wachtwoord: uw eID, itsme of een code van een app of sms. Meld u af en kies een van die manieren." "This needs more than a password: your eID, itsme, or a code from an app or text message. Sign out and choose one of those ways." }
        stale_form_title { "Dit formulier is te oud" "This form is too old" }
        stale_form_text { "Er is niets gewijzigd. Open de pagina opnieuw en vul het formulier nog eens in." "Nothing was changed. Open the page again and fill in the form once more." }
        invalid_title { "Dit formulier klopt niet" "This form is not right" }
        invalid_text { "Er is niets gewijzigd. Ga terug, kijk na wat u invulde en probeer het opnieuw." "Nothing was changed. Go back, check what you filled in and try again." }
        precondition_title { "Dat kan nu niet" "That is not possible now" }
        precondition_text { "Er is intussen iets gewijzigd. Open de pagina opnieuw en kijk wat er nu kan." "Something has changed in the meantime. Open the page again and see what is possible now." }
        newer_case_title { "Er is al een nieuwer incident" "There is a newer incident already" }
        newer_case_text { "Voor dezelfde waarschuwing op deze school is intussen een nieuw incident geopend. Werk daarin verder." "A new incident was opened meanwhile for the same alert at this school. Go on in that one." }
        unavailable_title { "Schildwacht is even niet bereikbaar" "Schildwacht is unavailable right now" }
        unavailable_text { "Een deel van Schildwacht is niet bereikbaar. Er is niets verloren. Probeer het over een minuut opnieuw." "A part of Schildwacht is unavailable. Nothing is lost. Try again in a minute." }
        unavailable_form_text { "Een deel van Schildwacht is niet bereikbaar. Misschien is uw wijziging niet bewaard. Wacht een minuut. Kijk eerst of uw wijziging er al is en probeer het dan opnieuw." "A part of Schildwacht is unavailable. Your change may not have been saved. Wait a minute. First check whether your change is there, then try again." }
        written { "Uw tekst" "Your text" }
        written_hint { "Kopieer uw tekst voor u verdergaat. Zo gaat hij niet verloren." "Copy your text before you go on, so that it is not lost." }
        too_fast_title { "Het gaat even te snel" "This is going a little too fast" }
        too_fast_text { "We kregen veel vragen na elkaar. Wacht een minuut en probeer het opnieuw." "We received many requests in a row. Wait a minute and try again." }
        failed_title { "Er ging iets mis bij ons" "Something went wrong on our side" }
        failed_text { "Dit ligt niet aan u. Probeer het opnieuw. Blijft het misgaan, geef dan deze foutcode door:" "This is not your fault. Try again. If it keeps failing, pass on this error reference:" }
        garbled_title { "We begrijpen het antwoord niet" "We do not understand the answer" }
        garbled_text { "Een deel van Schildwacht gaf een antwoord dat deze pagina niet kan lezen. Probeer het opnieuw. Blijft het misgaan, geef dan deze foutcode door:" "A part of Schildwacht gave an answer this page cannot read. Try again. If it keeps failing, pass on this error reference:" }
        try_again { "Probeer opnieuw" "Try again" }
        to_start { "Naar uw startbladzijde" "To your start page" }
    }
}

impl ShellWords {
    /// The team that somebody who looks after all schools is of; empty for others.
    pub fn team(self, visitor: &Visitor) -> &'static str {
        if visitor.works_the_queue() {
            return self.response_team();
        }
        if visitor.may_everywhere(Action::GatewayRead) { self.platform_team() } else { "" }
    }

    /// What somebody is, in a sentence. Its place is said beside it.
    pub const fn function(self, function: Function) -> &'static str {
        match function {
            Function::Responder => self.responder(),
            Function::ResponseLead => self.response_lead(),
            Function::Operator => self.operator(),
            Function::Reviewer => self.reviewer(),
            Function::Editor => self.editor(),
            Function::BoardMember(_) => self.board_member(),
            Function::Dpo(_) => self.dpo(),
            Function::Director(_) => self.director(),
            Function::IctCoordinator(_) => self.ict_coordinator(),
            Function::Teacher(_) => self.teacher(),
            Function::VendorContact(_) => self.vendor_contact(),
            Function::Pupil => self.pupil(),
            Function::Parent => self.parent(),
        }
    }
}
