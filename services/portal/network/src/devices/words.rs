//! Words of a school's devices.

use chrono::TimeDelta;
use portal_frame::{Language, list::Range, words};

words! {
    /// The words of a school's devices.
    pub(crate) DeviceWords {
        title { "Toestellen" "Devices" }
        last_heard(moment) { "Laatste signaal van de sensor: {moment}." "Last event from the sensor: {moment}." }

        never_title { "We kregen nog geen signaal van een sensor" "No sensor has sent us anything yet" }
        never_text { "Een sensor is een toestel dat het netwerkverkeer bekijkt. Heeft uw school al een sensor? Vraag het uw ICT-coördinator. Zodra de sensor iets stuurt, verschijnen de toestellen hier vanzelf." "A sensor is a device that looks at the network traffic. Does your school have a sensor yet? Ask your ICT coordinator. As soon as the sensor sends something, the devices appear here by themselves." }
        silent_title(moment) { "De sensor stuurt niets meer sinds {moment}" "The sensor has sent nothing since {moment}" }
        silent_text { "Kijk na of de sensor stroom heeft en het internet kan bereiken. U ziet wat we tot dan wisten." "Check that the sensor has power and can reach the internet. You see what we knew until then." }
        incidents_text { "Lees nu wat u zelf moet doen. Het responsteam ziet dit ook." "Read now what you must do yourself. The response team sees this too." }
        warned_text { "De sensor zag iets ongewoons. Er loopt geen incident. U hoeft nu niets te doen. Wordt het ernstig, dan leest u dat bij de incidenten." "The sensor saw something unusual. No incident is going on. There is nothing you need to do now. If it becomes serious, you read so under incidents." }
        new_text { "Kent u ze? Vraag het na bij uw collega’s als u een naam niet herkent." "Do you know them? Ask your colleagues if you do not recognise a name." }
        new_link { "Bekijk de nieuwe toestellen" "See the new devices" }
        calm_title { "Alles rustig" "All calm" }
        calm_text { "Er is niets dat u nu moet doen." "There is nothing you need to do now." }

        all_devices { "Alle toestellen" "All devices" }
        views { "Weergaven" "Views" }
        view_all { "Alle" "All" }
        view_new { "Nieuw deze week" "New this week" }
        view_warned { "Met waarschuwing" "With an alert" }
        view_quiet { "Lang niet gezien" "Not seen for long" }
        table(school) { "Toestellen van {school}" "Devices of {school}" }

        search { "Zoek een toestel" "Search for a device" }
        search_hint { "Naam, merk of adres" "Name, make or address" }
        filter_search(text) { "Zoekt: {text}" "Search: {text}" }
        order { "Volgorde" "Order" }
        order_last_seen { "Laatst gezien" "Last seen" }
        order_first_seen { "Nieuwste eerst" "Newest first" }
        order_name { "Naam" "Name" }
        order_use { "Meest gebruikt" "Most used" }

        device { "Toestel" "Device" }
        make { "Merk" "Make" }
        state { "Status" "Status" }
        last_seen { "Laatst gezien" "Last seen" }
        on_the_network { "Op het netwerk" "On the network" }
        last { "Laatst" "Last" }
        first { "Eerst" "First" }
        use_of_week { "Gebruik" "Use" }
        unnamed { "Toestel zonder naam" "Device without a name" }
        unknown_make { "Weten we niet" "We do not know" }
        random_address { "wisselend adres" "changing address" }
        random_address_text { "Dit toestel wisselt zelf van netwerkadres. Het kan terugkomen als een ander toestel." "This device changes its own network address. It may come back as another device." }
        calm { "Rustig" "Calm" }
        calm_reason { "Geen open waarschuwing." "No open alert." }
        is_new { "Nieuw" "New" }
        new_reason(day) { "Voor het eerst gezien {day}." "First seen {day}." }
        is_quiet { "Lang niet gezien" "Not seen for long" }
        quiet_reason { "Al meer dan 30 dagen niet op het netwerk." "Not on the network for more than 30 days." }
        is_warned { "Met waarschuwing" "With an alert" }

        empty_title { "Nog geen toestellen" "No devices yet" }
        empty_text { "Zodra de sensor van deze school iets ziet, staan de toestellen hier." "As soon as the sensor of this school sees something, the devices are shown here." }
        empty_filter_title { "Geen toestellen gevonden" "No devices found" }
        empty_filter_text { "Zoek op iets anders of bekijk alle toestellen." "Search for something else or see all devices." }
        empty_filter_link { "Bekijk alle toestellen" "See all devices" }

        unseen_title { "Wat we niet zien" "What we do not see" }
        unseen_text { "We tellen per kwartier of een toestel aanstaat. We zien niet wie het gebruikt, welke sites iemand bezoekt of wat er in een bericht staat, behalve in het bericht van een waarschuwing. Toestellen die het schoolnetwerk niet gebruiken, zoals een telefoon met eigen internet, zien we ook niet." "We count per quarter of an hour whether a device is on. We do not see who uses it, which sites somebody visits or what a message says, except in the message of an alert. Devices that do not use the school network, such as a phone with its own internet, we do not see either." }

        name { "Naam" "Name" }
        address { "Adres" "Address" }
        hardware_address { "MAC-adres" "MAC address" }
        software { "Software" "Software" }
        service { "Dienst" "Service" }
        learnt_from { "Bron" "Source" }
        learnt_when { "Gezien" "Seen" }
        what { "Wat" "What" }
        value { "Waarde" "Value" }
        what_we_know { "Wat we weten" "What we know" }
        what_we_know_hint { "Elk gegeven met zijn bron, zodat u zelf kunt wegen hoe zeker het is." "Each fact with its source, so that you can weigh how sure it is." }
        week_chart { "Gebruik van de laatste zeven dagen" "Use over the last seven days" }
        day { "Dag" "Day" }
        quarters_column { "Tijd" "Time" }

        in_running_case { "Er loopt een incident met dit toestel" "An incident with this device is going on" }
        warnings { "Waarschuwingen" "Alerts" }
        warnings_hint { "De nieuwste staat bovenaan. In het incident leest u wat u doet en wat het responsteam doet." "The newest is shown first. The incident tells what you do and what the response team does." }
        warnings_unexplained_now { "We kunnen nu even niet zeggen wat dit betekent en of er een incident loopt. U leest wat de sensor schreef. Vernieuw de pagina over een minuut." "We cannot say just now what this means and whether there is an incident. You read what the sensor wrote. Refresh the page in a minute." }
        warnings_unexplained { "We kunnen niet zeggen wat dit betekent en of er een incident loopt. Dat ligt aan ons. U leest wat de sensor schreef. Bij de incidenten van de school ziet u of er een loopt." "We cannot say what this means and whether there is an incident. That is our fault. You read what the sensor wrote. The incidents of the school show whether one is going on." }
        no_warnings { "Er zijn geen waarschuwingen over dit toestel." "There are no alerts about this device." }
        warning_to(seen, other, span) { "{seen} naar {other}, {span}." "{seen} to {other}, {span}." }
        warning_from(seen, other, span) { "{seen} van {other}, {span}." "{seen} from {other}, {span}." }
        unknown_address { "een adres dat we niet kennen" "an address we do not know" }
        in_case(reference, phase) { "Incident {reference}, {phase}" "Incident {reference}, {phase}" }
        in_no_case { "Geen incident" "No incident" }
        case_unknown { "Incident onbekend" "Incident unknown" }
        show_rules { "Welke regels van de sensor sloegen aan?" "Which rules of the sensor matched?" }
        rules { "Regels van de sensor" "Rules of the sensor" }
        rule { "Regel" "Rule" }
        rule_id { "Regelcode" "Rule ID" }

        source_dhcp { "aanvraag van een adres" "request for an address" }
        source_arp { "oproep op het netwerk" "call on the network" }
        source_flow { "verkeer" "traffic" }
        source_tls { "begin van een beveiligde verbinding" "start of a secure connection" }
        source_dns { "vraag naar een naam" "question for a name" }
        source_hosts { "lijst van geziene toestellen" "list of hosts seen" }
        source_services { "lijst van geziene diensten" "list of services seen" }
        source_software { "herkend in het verkeer" "recognised in the traffic" }
        source_oui { "adresblok van het MAC-adres" "address block of the MAC address" }
    }
}

impl DeviceWords {
    /// The answer in one line: `148 toestellen. 121 vandaag gezien, 3 nieuw deze week.`
    pub(crate) fn summary(self, total: i64, today: i64, new: i64) -> String {
        let total = self.0.count(total, ("toestel", "toestellen"), ("device", "devices"));
        let (today, new) = (self.0.number(today), self.0.number(new));
        match self.0 {
            Language::Dutch => format!("{total}. {today} vandaag gezien, {new} nieuw deze week."),
            Language::English => format!("{total}. {today} seen today, {new} new this week."),
        }
    }

    /// `1 incident loopt op deze school`.
    pub(crate) fn incidents_title(self, open: i64) -> String {
        match (self.0, open) {
            (Language::Dutch, 1) => "Er loopt een incident op deze school".to_owned(),
            (Language::Dutch, _) => format!("Er lopen {} incidenten op deze school", self.0.number(open)),
            (Language::English, 1) => "An incident is going on at this school".to_owned(),
            (Language::English, _) => format!("{} incidents are going on at this school", self.0.number(open)),
        }
    }

    /// `Bekijk het incident`, `Bekijk de incidenten`.
    pub(crate) fn incidents_link(self, open: i64) -> String {
        let (one, many) = self.0.pick(("Bekijk het incident", "Bekijk de incidenten"), ("See the incident", "See the incidents"));
        if open == 1 { one.to_owned() } else { many.to_owned() }
    }

    /// `Er zijn waarschuwingen over 2 toestellen`.
    pub(crate) fn warned_title(self, count: i64) -> String {
        match (self.0, count) {
            (Language::Dutch, 1) => "Er is een waarschuwing over 1 toestel".to_owned(),
            (Language::Dutch, _) => format!("Er zijn waarschuwingen over {} toestellen", self.0.number(count)),
            (Language::English, 1) => "There is an alert about 1 device".to_owned(),
            (Language::English, _) => format!("There are alerts about {} devices", self.0.number(count)),
        }
    }

    /// `Bekijk dit toestel`, `Bekijk deze 2`.
    pub(crate) fn warned_devices_link(self, count: i64) -> String {
        match (self.0, count) {
            (Language::Dutch, 1) => "Bekijk dit toestel".to_owned(),
            (Language::Dutch, _) => format!("Bekijk deze {}", self.0.number(count)),
            (Language::English, 1) => "See this device".to_owned(),
            (Language::English, _) => format!("See these {}", self.0.number(count)),
        }
    }

    /// `3 nieuwe toestellen deze week`.
    pub(crate) fn new_title(self, count: i64) -> String {
        let count = self.0.count(count, ("nieuw toestel", "nieuwe toestellen"), ("new device", "new devices"));
        format!("{count} {}", self.0.pick("deze week", "this week"))
    }

    /// `2 open waarschuwingen.`
    pub(crate) fn warned_reason(self, count: impl Into<i64>) -> String {
        let count = self.0.count(count, ("open waarschuwing", "open waarschuwingen"), ("open alert", "open alerts"));
        format!("{count}.")
    }

    /// `14 keer`.
    pub(crate) fn times(self, count: i64) -> String {
        self.0.count(count, ("keer", "keer"), ("time", "times"))
    }

    /// `1–10 van 23 waarschuwingen`; where there are more than can be paged to, `1–10 van de 200 nieuwste waarschuwingen`.
    pub(crate) fn warnings_range(self, range: Range, reachable: usize) -> String {
        let reachable = i64::try_from(reachable).unwrap_or(i64::MAX);
        let (from, until) = (self.0.number(range.from), self.0.number(range.until));
        if reachable < range.total {
            let newest = self.0.number(reachable);
            return match self.0 {
                Language::Dutch => format!("{from}–{until} van de {newest} nieuwste waarschuwingen"),
                Language::English => format!("{from}–{until} of the {newest} newest alerts"),
            };
        }
        let total = self.0.count(range.total, ("waarschuwing", "waarschuwingen"), ("alert", "alerts"));
        format!("{from}–{until} {} {total}", self.0.pick("van", "of"))
    }

    /// `1–50 van 148 toestellen`.
    pub(crate) fn range(self, from: i64, until: i64, total: i64) -> String {
        let total = self.0.count(total, ("toestel", "toestellen"), ("device", "devices"));
        format!("{}–{} {} {total}", self.0.number(from), self.0.number(until), self.0.pick("van", "of"))
    }

    /// How long a device was on, from quarters of an hour: `45 min`, `ongeveer 34 uur`.
    pub(crate) fn time_on(self, quarters: i64) -> String {
        if quarters < 4 {
            return self.0.clock_duration(TimeDelta::minutes(quarters * 15));
        }
        format!("{} {}", self.0.pick("ongeveer", "about"), self.0.count((quarters + 2) / 4, ("uur", "uur"), ("hour", "hours")))
    }

    /// `op 3 dagen`.
    pub(crate) fn on_days(self, days: usize) -> String {
        let days = i64::try_from(days).unwrap_or(7);
        format!("{} {}", self.0.pick("op", "on"), self.0.count(days, ("dag", "dagen"), ("day", "days")))
    }

    /// Where a value was learnt, in words; a source newer than this release is shown as it is.
    pub(crate) fn source_name(self, source: &str) -> String {
        let known = match source {
            "suricata.dhcp" | "zeek.dhcp" => self.source_dhcp(),
            "suricata.arp" => self.source_arp(),
            "suricata.flow" | "zeek.conn" => self.source_flow(),
            "suricata.tls" | "zeek.ssl" => self.source_tls(),
            "suricata.dns" | "zeek.dns" => self.source_dns(),
            "zeek.known_hosts" => self.source_hosts(),
            "zeek.known_services" => self.source_services(),
            "zeek.software" => self.source_software(),
            "oui" => self.source_oui(),
            unknown => unknown,
        };
        known.to_owned()
    }
}
