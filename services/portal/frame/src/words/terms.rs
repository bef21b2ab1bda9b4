//! Terms that several pages share: severities, phases, reasons, classes, clocks.

use proto::incident_intake::v1::{CasePhase, CaseSeverity, CloseReason};

use crate::words;

words! {
    /// The shared terms.
    pub Terms {
        severity_low { "Laag" "Low" }
        severity_medium { "Midden" "Medium" }
        severity_high { "Hoog" "High" }
        severity_very_high { "Zeer hoog" "Very high" }

        phase_open { "Open" "Open" }
        phase_in_progress { "In behandeling" "In progress" }
        phase_containment { "Indammen" "Containment" }
        phase_eradication { "Opruimen" "Clean-up" }
        phase_recovery { "Herstellen" "Recovery" }
        phase_post_incident { "Nazorg" "Aftercare" }
        phase_closed { "Gesloten" "Closed" }

        reason_resolved { "Opgelost" "Resolved" }
        reason_false_positive { "Vals alarm" "False alarm" }
        reason_no_action_needed { "Geen actie nodig" "No action needed" }
        reason_duplicate { "Dubbel" "Duplicate" }

        nobody { "Niemand" "Nobody" }
        schildwacht { "Schildwacht" "Schildwacht" }

        reaction { "Reactie" "Reaction" }
        resolution { "Oplossing" "Solution" }
        left(time) { "nog {time}" "{time} left" }
        late_by(time) { "{time} te laat" "{time} late" }
        after(time) { "na {time}" "after {time}" }
        met_goal(goal) { "gehaald, doel {goal}" "met, goal {goal}" }
        missed_goal(goal) { "te laat, doel {goal}" "late, goal {goal}" }
    }
}

impl Terms {
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
