//! Terms that several pages share: severities, phases, reasons, target times.

use proto::incident_intake::v1::{CasePhase, CaseSeverity, CloseReason};

use crate::words;

words! {
    /// The shared terms.
    pub Terms {
        severity_low { "Laag" "Low" }
        severity_medium { "Gemiddeld" "Medium" }
        severity_high { "Hoog" "High" }
        severity_very_high { "Zeer hoog" "Very high" }

        phase_open { "Open" "Open" }
        phase_in_progress { "In behandeling" "In progress" }
        phase_containment { "Indammen" "Containment" }
        phase_eradication { "Opruimen" "Clean-up" }
        phase_recovery { "Herstellen" "Recovery" }
        phase_post_incident { "Nazorg" "Follow-up" }
        phase_closed { "Afgesloten" "Closed" }

        open_means { "Nog niemand behandelt dit." "Nobody is handling this yet." }
        in_progress_means { "Het responsteam zoekt uit wat er gebeurt." "The response team is finding out what is happening." }
        containment_means { "We zorgen dat het niet verder gaat." "We stop it from spreading." }
        eradication_means { "We halen weg wat de aanvaller achterliet." "We remove what the attacker left behind." }
        recovery_means { "Alles gaat veilig opnieuw aan." "Everything is safely switched back on." }
        post_incident_means { "We kijken wat beter kan." "We look at what can be improved." }
        closed_means { "Dit incident is voorbij. U leest waarom." "This incident is over. You can read why." }

        reason_resolved { "Opgelost" "Resolved" }
        reason_false_positive { "Vals alarm" "False alarm" }
        reason_no_action_needed { "Geen actie nodig" "No action needed" }
        reason_duplicate { "Dubbel" "Duplicate" }

        nobody { "Niet toegewezen" "Unassigned" }
        schildwacht { "Schildwacht" "Schildwacht" }
        erased_person { "Gewiste persoon" "Erased person" }

        reaction { "Reactie" "Response" }
        resolution { "Oplossing" "Resolution" }
        left(time) { "nog {time}" "{time} left" }
        late_by(time) { "{time} te laat" "{time} late" }
        after(time) { "na {time}" "after {time}" }
        met_goal(goal) { "gehaald, streeftijd {goal}" "met, target {goal}" }
        missed_goal(goal) { "te laat, streeftijd {goal}" "late, target {goal}" }
    }
}

impl Terms {
    /// The name of a person; services give none of who was erased.
    pub const fn named(self, name: &str) -> &str {
        if name.is_empty() { self.erased_person() } else { name }
    }

    pub const fn severity(self, severity: CaseSeverity) -> &'static str {
        match severity {
            CaseSeverity::Unspecified => "",
            CaseSeverity::Low => self.severity_low(),
            CaseSeverity::Medium => self.severity_medium(),
            CaseSeverity::High => self.severity_high(),
            CaseSeverity::VeryHigh => self.severity_very_high(),
        }
    }

    pub const fn phase(self, phase: CasePhase) -> &'static str {
        match phase {
            CasePhase::Unspecified => "",
            CasePhase::Open => self.phase_open(),
            CasePhase::InProgress => self.phase_in_progress(),
            CasePhase::Containment => self.phase_containment(),
            CasePhase::Eradication => self.phase_eradication(),
            CasePhase::Recovery => self.phase_recovery(),
            CasePhase::PostIncident => self.phase_post_incident(),
            CasePhase::Closed => self.phase_closed(),
        }
    }

    /// What a phase means, in one line.
    pub const fn phase_means(self, phase: CasePhase) -> &'static str {
        match phase {
            CasePhase::Unspecified => "",
            CasePhase::Open => self.open_means(),
            CasePhase::InProgress => self.in_progress_means(),
            CasePhase::Containment => self.containment_means(),
            CasePhase::Eradication => self.eradication_means(),
            CasePhase::Recovery => self.recovery_means(),
            CasePhase::PostIncident => self.post_incident_means(),
            CasePhase::Closed => self.closed_means(),
        }
    }

    pub const fn close_reason(self, reason: CloseReason) -> &'static str {
        match reason {
            CloseReason::Unspecified => "",
            CloseReason::Resolved => self.reason_resolved(),
            CloseReason::FalsePositive => self.reason_false_positive(),
            CloseReason::NoActionNeeded => self.reason_no_action_needed(),
            CloseReason::Duplicate => self.reason_duplicate(),
        }
    }
}
