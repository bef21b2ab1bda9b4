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

        secret_title { "Kopieer nu de geheime sleutel" "Copy the client secret now" }
        secret_text { "U ziet deze sleutel maar één keer. Zet hem meteen in de instellingen van de sensor, samen met de gegevens hieronder." "You see this secret only once. Put it in the settings of the sensor straight away, together with the details below." }
        secret_repeated_title { "Deze gateway was al geregistreerd" "This gateway was already registered" }
        secret_repeated_text { "De geheime sleutel is al eens getoond en kan niet opnieuw getoond worden. Is hij verloren? Maak dan een nieuwe." "The client secret has been shown and cannot be shown again. Is it lost? Then make a new one." }
        sensors_url { "Adres waar de sensor naartoe stuurt (endpoint)" "Address the sensor sends to (endpoint)" }
        token_url { "Adres waar de sensor zijn toegangstoken haalt (token_url)" "Address where the sensor gets its access token (token_url)" }
        addresses_missing { "Hier ontbreekt een adres. Vraag het aan het platformteam: de sensor moet weten waar hij naartoe stuurt en waar hij zijn toegangstoken haalt." "An address is missing here. Ask the platform team for it: the sensor must know where to send to and where to get its access token." }
        client_id { "Naam voor de gateway (client_id)" "Name for the gateway (client_id)" }
        client_secret { "Geheime sleutel (client_secret)" "Client secret (client_secret)" }
        back_to_list { "Terug naar de gateways" "Back to the gateways" }

        rotate { "Nieuwe geheime sleutel" "New client secret" }
        rotate_title(name, school) { "Nieuwe geheime sleutel voor {name} ({school})" "New client secret for {name} ({school})" }
        rotate_text { "De oude geheime sleutel werkt daarna niet meer. De gateway kan nog sturen tot zijn huidige toegangstoken verloopt. Zet de nieuwe sleutel dus meteen in zijn instellingen." "The old client secret then no longer works. The gateway can still send until its current access token expires. So put the new secret in its settings straight away." }
        rotate_button { "Maak een nieuwe geheime sleutel" "Make a new client secret" }

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
