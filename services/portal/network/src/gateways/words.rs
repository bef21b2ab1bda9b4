//! Words of the gateways.

use portal_frame::words;

words! {
    /// The words of the gateways.
    pub(crate) GatewayWords {
        title { "Gateways" "Gateways" }
        lead { "Een gateway is een toestel op school dat doorstuurt wat de sensor ziet." "A gateway is a device at a school that passes on what the sensor sees." }
        table { "Gateways, per school" "Gateways, by school" }
        gateway { "Gateway" "Gateway" }
        school { "School" "School" }
        state { "Status" "Status" }
        secret { "Geheime sleutel" "Client secret" }
        contact { "Laatste signaal" "Last event" }
        not_heard_yet { "Nog geen" "None yet" }
        never_heard { "Stuurde nog niets" "Has sent nothing" }
        silent { "Stuurt niets meer" "Sends nothing" }
        silent_since(moment) { "sinds {moment}" "since {moment}" }
        contacts_unknown_title { "We weten nu niet wanneer de gateways het laatst iets stuurden" "We do not know right now when the gateways last sent something" }
        contacts_unknown_text { "De dienst die dat bijhoudt, is niet bereikbaar. Al het andere hieronder klopt. Vernieuw de pagina straks." "The service that keeps this is unavailable. All else below is right. Refresh the page later." }
        range(from, until) { "{from}–{until}" "{from}–{until}" }
        act { "Acties" "Actions" }
        active { "Actief" "Active" }
        revoked { "Stopgezet" "Revoked" }
        revoked_because(reason) { "Reden: {reason}" "Reason: {reason}" }
        secret_since(moment) { "sinds {moment}" "since {moment}" }
        enrolled(moment) { "Geregistreerd {moment}." "Registered {moment}." }
        show_revoked { "Toon ook stopgezette gateways" "Show revoked gateways too" }
        hide_revoked { "Verberg stopgezette gateways" "Hide revoked gateways" }

        enrol { "Registreer een gateway" "Register a gateway" }
        enrol_title { "Registreer een gateway" "Register a gateway" }
        enrol_find { "Voor welke school?" "For which school?" }
        enrol_find_hint { "Naam, gemeente of instellingsnummer van de school." "Name, municipality or institution number of the school." }
        enrol_find_button { "Zoek de school" "Search for the school" }
        enrol_none(text) { "Geen school gevonden voor “{text}”. Probeer een deel van de naam of de gemeente." "No school found for “{text}”. Try part of the name or the municipality." }
        enrol_choose { "Kies de school" "Choose the school" }
        enrol_for(school) { "Voor {school}" "For {school}" }
        enrol_other_school { "Kies een andere school" "Choose another school" }
        enrol_name { "Hoe heet de gateway?" "What is the gateway called?" }
        enrol_name_hint { "Bijvoorbeeld “Hoofdgebouw, serverkast”. Hoogstens 80 tekens." "For example “Main building, server cabinet”. 80 characters at most." }
        enrol_name_wrong { "Geef een naam van 1 tot 80 tekens" "Give a name of 1 to 80 characters" }
        enrol_too_many { "Deze school heeft het hoogste aantal gateways. Trek er eerst een in die niet meer gebruikt wordt." "This school has as many gateways as it may. First revoke one that is no longer used." }
        enrol_too_many_of_late { "Vandaag zijn er al te veel gateways geregistreerd. Probeer het morgen, of geef een bestaande gateway een nieuwe sleutel." "Too many gateways were registered today. Try tomorrow, or give an existing gateway a new secret." }
        enrol_site { "Op welke vestiging? (mag leeg blijven)" "At which site? (may stay empty)" }
        enrol_no_site { "Niet vastgelegd" "Not recorded" }
        enrol_button { "Registreer" "Register" }

        code_title { "Stel de gateway in met deze code" "Set up the gateway with this code" }
        code_text { "Met de code haalt het toestel op school zelf zijn geheime sleutel op. Niemand hoeft een sleutel over te nemen." "With the code the machine at the school gets its client secret by itself. Nobody has to copy a secret." }
        code_once { "U ziet deze code maar één keer. Hij werkt één keer." "You see this code only once. It works once." }
        code_good_until(moment) { "Gebruik hem vóór {moment}." "Use it before {moment}." }
        code_run { "Voer dit uit op het toestel op school, als root" "Run this on the machine at the school, as root" }
        code_run_ours { "Of, als het programma schildwacht daar staat:" "Or, where the program schildwacht is installed:" }
        code_then { "Daarna staan de geheime sleutel en de adressen in dat bestand. Zegt de opdracht 404? Dan is de code al gebruikt of te oud. Maak dan een nieuwe." "The client secret and the addresses are then in that file. Does the command say 404? Then the code was used or is too old. Make a new one." }
        code_repeated_title { "Deze gateway was al geregistreerd" "This gateway was already registered" }
        code_repeated_text { "De code is al eens getoond en kan niet opnieuw getoond worden. Is hij verloren? Maak dan een nieuwe." "The code has been shown and cannot be shown again. Is it lost? Then make a new one." }
        code { "Code" "Code" }
        code_waits { "Wacht op het toestel" "Waiting for the machine" }
        code_until(moment) { "code geldig tot {moment}" "code good until {moment}" }
        code_expired { "Code verlopen" "Code expired" }
        too_many_codes { "Er wachten al te veel codes van deze school. Gebruik er eerst een, of wacht tot er een verlopen is (24 uur)." "Too many codes of this school are waiting. Use one first, or wait until one has expired (24 hours)." }
        sensors_url { "Adres waar de sensor naartoe stuurt (endpoint)" "Address the sensor sends to (endpoint)" }
        address_missing { "Het adres waar de sensor naartoe stuurt, ontbreekt hier. Vraag het aan het platformteam." "The address the sensor sends to is missing here. Ask the platform team for it." }
        client_id { "Naam voor de gateway (client_id)" "Name for the gateway (client_id)" }
        back_to_list { "Terug naar de gateways" "Back to the gateways" }

        rotate { "Nieuwe geheime sleutel" "New client secret" }
        rotate_title(name, school) { "Nieuwe geheime sleutel voor {name} ({school})" "New client secret for {name} ({school})" }
        rotate_text { "U krijgt een code. Daarmee haalt het toestel op school zelf een nieuwe geheime sleutel op. Tot dan werkt de oude sleutel." "You get a code. With it the machine at the school gets a new client secret by itself. Until then the old secret works." }
        rotate_button { "Maak een code" "Make a code" }

        revoke { "Toegang stopzetten" "Revoke" }
        revoke_title(name, school) { "Zet de toegang van {name} ({school}) stop" "Revoke the access of {name} ({school})" }
        revoke_text { "De gateway kan binnen enkele seconden niets meer sturen. Dit kan niet ongedaan worden gemaakt: u moet hem dan opnieuw registreren." "Within seconds the gateway can no longer send. This cannot be undone: you would have to register it again." }
        revoke_reason { "Waarom?" "Why?" }
        revoke_reason_hint { "Bijvoorbeeld “Toestel gestolen”. Dit blijft in het logboek staan." "For example “Device stolen”. This stays in the audit trail." }
        revoke_reason_wrong { "Geef een reden van 1 tot 500 tekens" "Give a reason of 1 to 500 characters" }
        revoke_button { "Zet de toegang definitief stop" "Revoke for good" }
        changed_meanwhile { "Iemand anders wijzigde deze gateway intussen. Kijk de gegevens na en beslis opnieuw." "Somebody else changed this gateway in the meantime. Check the details and decide again." }
        cancel { "Laat het zo" "Leave it as it is" }

        empty_title { "Nog geen gateways" "No gateways yet" }
        empty_text { "Registreer de eerste gateway. Daarna kan de school gegevens sturen." "Register the first gateway. The school can then send data." }
    }
}
