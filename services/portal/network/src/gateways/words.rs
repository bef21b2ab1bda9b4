//! Words of the gateways.

use portal_frame::words;

words! {
    /// The words of the gateways.
    pub(crate) GatewayWords {
        title { "Gateways" "Gateways" }
        lead { "De machines die bij een school staan en doorsturen wat de sensoren zien." "The machines that stand at a school and pass on what the sensors see." }
        table { "Gateways, per school" "Gateways, by school" }
        gateway { "Gateway" "Gateway" }
        school { "School" "School" }
        state { "Stand" "State" }
        secret { "Geheim" "Secret" }
        contact { "Laatste bericht" "Last message" }
        not_heard_yet { "Nog geen" "None yet" }
        never_heard { "Stuurde nog niets" "Has sent nothing" }
        silent { "Zwijgt" "Silent" }
        silent_since(moment) { "sinds {moment}" "since {moment}" }
        contacts_unknown_title { "Wanneer de gateways laatst iets stuurden, weten we nu niet" "When the gateways last sent something is not known right now" }
        contacts_unknown_text { "De dienst die dat bijhoudt, antwoordt niet. Al het andere hieronder klopt. Laad de pagina straks opnieuw." "The service that keeps it does not answer. All else below is right. Load the page again later." }
        range(from, until) { "{from}–{until}" "{from}–{until}" }
        act { "Doen" "Act" }
        active { "Actief" "Active" }
        revoked { "Ingetrokken" "Revoked" }
        revoked_because(reason) { "Reden: {reason}" "Reason: {reason}" }
        secret_since(moment) { "sinds {moment}" "since {moment}" }
        enrolled(moment) { "Ingeschreven {moment}." "Enrolled {moment}." }
        show_revoked { "Toon ook ingetrokken" "Show revoked ones too" }
        hide_revoked { "Verberg ingetrokken" "Hide revoked ones" }

        enrol { "Schrijf een gateway in" "Enrol a gateway" }
        enrol_title { "Schrijf een gateway in" "Enrol a gateway" }
        enrol_find { "Voor welke school?" "For which school?" }
        enrol_find_hint { "Naam, gemeente of nummer van de school." "Name, municipality or number of the school." }
        enrol_find_button { "Zoek de school" "Find the school" }
        enrol_none(text) { "Geen school gevonden voor “{text}”. Probeer een deel van de naam of de gemeente." "No school found for “{text}”. Try part of the name or the municipality." }
        enrol_choose { "Kies de school" "Choose the school" }
        enrol_for(school) { "Voor {school}" "For {school}" }
        enrol_other_school { "Kies een andere school" "Choose another school" }
        enrol_name { "Hoe heet de gateway?" "What is the gateway called?" }
        enrol_name_hint { "Bijvoorbeeld “Hoofdgebouw, serverkast”. Hoogstens 80 tekens." "For example “Main building, server cabinet”. 80 characters at most." }
        enrol_name_wrong { "Geef een naam van 1 tot 80 tekens" "Give a name of 1 to 80 characters" }
        enrol_site { "Op welke vestiging? (mag leeg blijven)" "At which site? (may stay empty)" }
        enrol_no_site { "Niet vastgelegd" "Not recorded" }
        enrol_button { "Schrijf in" "Enrol" }

        secret_title { "Bewaar het geheim nu" "Keep the secret now" }
        secret_text { "U ziet dit geheim maar één keer. Zet het meteen in de instellingen van de sensor, samen met wat er hieronder staat." "You see this secret only once. Put it in the settings of the sensor straight away, together with what stands below." }
        secret_repeated_title { "Deze gateway was al ingeschreven" "This gateway was already enrolled" }
        secret_repeated_text { "Het geheim is al eens getoond en kan niet opnieuw getoond worden. Is het verloren, maak dan een nieuw geheim." "The secret has been shown and cannot be shown again. If it is lost, make a new one." }
        sensors_url { "Adres waar de sensor naartoe stuurt (endpoint)" "Address the sensor sends to (endpoint)" }
        token_url { "Adres waar de sensor zijn pas haalt (token_url)" "Address where the sensor gets its pass (token_url)" }
        addresses_missing { "Hier ontbreekt een adres. Vraag het aan het platformteam: de sensor moet weten waar hij naartoe stuurt en waar hij zijn pas haalt." "An address is missing here. Ask the platform team for it: the sensor must know where to send to and where to get its pass." }
        client_id { "Naam voor de gateway (client_id)" "Name for the gateway (client_id)" }
        client_secret { "Geheim (client_secret)" "Secret (client_secret)" }
        back_to_list { "Terug naar de gateways" "Back to the gateways" }

        rotate { "Nieuw geheim" "New secret" }
        rotate_title(name) { "Nieuw geheim voor {name}" "New secret for {name}" }
        rotate_text { "Het oude geheim werkt daarna niet meer. De gateway kan nog sturen tot zijn huidige pas verloopt; zet het nieuwe geheim dus meteen in zijn instellingen." "The old secret then no longer works. The gateway can still send until its current pass expires, so put the new secret in its settings straight away." }
        rotate_button { "Maak een nieuw geheim" "Make a new secret" }

        revoke { "Trek in" "Revoke" }
        revoke_title(name) { "Trek {name} in" "Revoke {name}" }
        revoke_text { "De gateway kan binnen enkele seconden niets meer sturen. Dit kan niet ongedaan worden gemaakt; inschrijven moet dan opnieuw." "Within seconds the gateway can no longer send. This cannot be undone; it would have to be enrolled again." }
        revoke_reason { "Waarom?" "Why?" }
        revoke_reason_hint { "Bijvoorbeeld “Toestel gestolen”. Dit blijft in het register staan." "For example “Machine stolen”. This stays in the register." }
        revoke_reason_wrong { "Geef een reden van 1 tot 500 tekens" "Give a reason of 1 to 500 characters" }
        revoke_button { "Trek definitief in" "Revoke for good" }
        changed_meanwhile { "Iemand anders wijzigde deze gateway intussen. Kijk na hoe hij nu staat en beslis opnieuw." "Somebody else changed this gateway in the meantime. See how it stands now and decide again." }
        cancel { "Laat het zo" "Leave it as it is" }

        empty_title { "Nog geen gateways" "No gateways yet" }
        empty_text { "Schrijf de eerste gateway in. Daarna kan de school gegevens sturen." "Enrol the first gateway. The school can then send data." }
    }
}
