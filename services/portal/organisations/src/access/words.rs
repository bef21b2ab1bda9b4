//! Words of who sees what.

use portal_frame::words;
use proto::identity::v1::{AccessLevel, DataKind};

words! {
    /// The words of who sees what.
    pub(crate) AccessWords {
        title { "Wie ziet wat" "Who sees what" }
        lead(school) { "Wie bij {school} welke gegevens ziet, waarom, en wanneer voor het laatst." "Who sees which data of {school}, why, and when they last did." }
        table(school) { "Mensen en diensten, en de soorten gegevens van {school} die zij zien" "People and services, and the kinds of data of {school} that they see" }
        who { "Wie" "Who" }
        why { "Waarom, sinds" "Why, since" }
        last_used { "Laatst gebruikt" "Last used" }
        people { "Mensen" "People" }
        services { "Diensten van de overheid" "Government services" }
        vendors { "Leveranciers" "Vendors" }
        vendors_none { "Nog geen. De catalogus van apps is er nog niet." "None yet. The catalogue of apps is not there yet." }
        nobody { "niemand aangesteld" "nobody appointed" }
        by_sign_in { "door aanmelding" "by sign-in" }
        function_since(day) { "functie, sinds {day}" "function, since {day}" }
        function { "functie" "function" }
        by_itself { "werkt zonder mensen" "works without people" }
        reasons { "Waarom?" "Why?" }
        no_act { "Bewaart dit voor Schildwacht." "Keeps this for Schildwacht." }

        sees { "ziet" "sees" }
        changes { "wijzigt" "changes" }
        keeps { "bewaart" "keeps" }

        organisation { "School" "School" }
        of_people { "Mensen" "People" }
        contacts { "Contacten" "Contacts" }
        network { "Netwerk" "Network" }
        incidents { "Incidenten" "Incidents" }
        gateways { "Gateways" "Gateways" }
        history { "Historiek" "History" }
        messages { "Berichten" "Messages" }
        what_organisation { "Naam, nummer en vestigingsplaatsen." "Name, number and sites." }
        what_people { "Wie welke functie heeft, en wie uitgenodigd is." "Who holds which function, and who is invited." }
        what_contacts { "Wie het responsteam kan bellen." "Whom the response team can call." }
        what_network { "Toestellen en waarschuwingen: wat de sensor zag." "Devices and alerts: what the sensor saw." }
        what_incidents { "Incidenten, hun tijdlijn en het bewijs." "Incidents, their timeline and the evidence." }
        what_gateways { "De gateways van de school." "The school’s gateways." }
        what_history { "Wie iets las, exporteerde of wijzigde." "Who read, exported or changed something." }
        what_messages { "Berichten van sensoren die niet verwerkt raakten." "Messages of sensors that could not be processed." }
        kinds { "Soorten gegevens" "Kinds of data" }

        not_in_a_year { "niet in 12 maanden" "not in 12 months" }
        not_recorded { "wordt niet bijgehouden" "is not recorded" }
        unknown { "nu niet bekend" "not known just now" }
        row_unused { "niets bijgehouden in 12 maanden" "nothing recorded in 12 months" }

        how_many { "Hoeveel mensen?" "How many people?" }
        by_appointment { "door aanstelling" "by appointment" }
        changed { "Wat veranderde in 31 dagen" "What changed in 31 days" }
        changed_nothing { "Niemand kreeg of verloor een functie." "Nobody got or lost a function." }

        too_wide_text { "Niemand met deze functie las, exporteerde of wijzigde iets in 12 maanden. Kijk na of de functie nog nodig is." "Nobody with this function read, exported or changed anything in 12 months. Check whether the function is still needed." }
        check_people { "Kijk de mensen na" "Check the people" }

        incidents_missing { "Wie incidenten gebruikte, kunnen we nu even niet tonen. Vernieuw de pagina over een minuut." "We cannot show who used incidents just now. Refresh the page in a minute." }
        devices_missing { "Wie gegevens van het netwerk gebruikte, kunnen we nu even niet tonen. Vernieuw de pagina over een minuut." "We cannot show who used data of the network just now. Refresh the page in a minute." }

        counted { "We tellen wie in Schildwacht aangesteld is. Wie een functie alleen door zijn aanmelding heeft, tellen we niet mee." "We count those who are appointed in Schildwacht. Anyone who has a function by their sign-in alone is not counted." }
        recorded { "Bijgehouden wordt: wie een incident of de historiek opent, wie een bestand maakt, en wie iets wijzigt. Wie alleen een lijst bekijkt, wordt niet bijgehouden." "Recorded is: who opens an incident or the history, who makes a file, and who changes something. Who only looks at a list is not recorded." }
    }
}

impl AccessWords {
    pub(crate) const fn data(self, data: DataKind) -> &'static str {
        match data {
            DataKind::Unspecified => "",
            DataKind::Organisation => self.organisation(),
            DataKind::People => self.of_people(),
            DataKind::Contacts => self.contacts(),
            DataKind::Network => self.network(),
            DataKind::Incidents => self.incidents(),
            DataKind::Gateways => self.gateways(),
            DataKind::History => self.history(),
            DataKind::Messages => self.messages(),
        }
    }

    /// What a kind of data holds.
    pub(crate) const fn what(self, data: DataKind) -> &'static str {
        match data {
            DataKind::Unspecified => "",
            DataKind::Organisation => self.what_organisation(),
            DataKind::People => self.what_people(),
            DataKind::Contacts => self.what_contacts(),
            DataKind::Network => self.what_network(),
            DataKind::Incidents => self.what_incidents(),
            DataKind::Gateways => self.what_gateways(),
            DataKind::History => self.what_history(),
            DataKind::Messages => self.what_messages(),
        }
    }

    pub(crate) const fn level(self, level: AccessLevel) -> &'static str {
        match level {
            AccessLevel::Unspecified => "",
            AccessLevel::Sees => self.sees(),
            AccessLevel::Changes => self.changes(),
            AccessLevel::Keeps => self.keeps(),
        }
    }

    /// What one of our services does; its name where this release does not know it.
    pub(crate) fn service(self, name: &str) -> &str {
        match name {
            "identity" => self.0.pick("scholen, mensen en functies", "schools, people and functions"),
            "telemetry-ingest" => self.0.pick("ontvangt wat sensoren sturen", "receives what sensors send"),
            "network-monitor" => self.0.pick("toestellen en waarschuwingen", "devices and alerts"),
            "incident-intake" => self.0.pick("incidenten", "incidents"),
            other => other,
        }
    }

    /// `19 mensen`.
    pub(crate) fn number_of_people(self, people: i64) -> String {
        self.0.count(people, ("persoon", "mensen"), ("person", "people"))
    }

    /// `2 begonnen, 1 gestopt`.
    pub(crate) fn change(self, begun: i64, ended: i64) -> String {
        let begun = (begun > 0).then(|| format!("{}\u{a0}{}", self.0.number(begun), self.0.pick("begonnen", "began")));
        let ended = (ended > 0).then(|| format!("{}\u{a0}{}", self.0.number(ended), self.0.pick("gestopt", "stopped")));
        [begun, ended].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// `1 functie lijkt te ruim`.
    pub(crate) fn too_wide(self, functions: i64) -> String {
        let count = self.0.count(functions, ("functie", "functies"), ("function", "functions"));
        match self.0 {
            portal_frame::Language::Dutch if functions == 1 => format!("{count} lijkt te ruim"),
            portal_frame::Language::Dutch => format!("{count} lijken te ruim"),
            portal_frame::Language::English if functions == 1 => format!("{count} seems too wide"),
            portal_frame::Language::English => format!("{count} seem too wide"),
        }
    }
}
