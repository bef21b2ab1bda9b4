//! Terms that several pages share: severities, phases, reasons, classes, clocks.

use super::words;
use crate::view::{CloseReason, Phase, Severity, Standing, Target};

words! {
    /// The shared terms.
    Terms {
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
    pub(crate) const fn severity(self, severity: Severity) -> &'static str {
        match severity {
            Severity::Low => self.severity_low(),
            Severity::Medium => self.severity_medium(),
            Severity::High => self.severity_high(),
            Severity::VeryHigh => self.severity_very_high(),
        }
    }

    pub(crate) const fn phase(self, phase: Phase) -> &'static str {
        match phase {
            Phase::Open => self.phase_open(),
            Phase::InProgress => self.phase_in_progress(),
            Phase::Containment => self.phase_containment(),
            Phase::Eradication => self.phase_eradication(),
            Phase::Recovery => self.phase_recovery(),
            Phase::PostIncident => self.phase_post_incident(),
            Phase::Closed => self.phase_closed(),
        }
    }

    pub(crate) const fn close_reason(self, reason: CloseReason) -> &'static str {
        match reason {
            CloseReason::Resolved => self.reason_resolved(),
            CloseReason::FalsePositive => self.reason_false_positive(),
            CloseReason::NoActionNeeded => self.reason_no_action_needed(),
            CloseReason::Duplicate => self.reason_duplicate(),
        }
    }

    /// What a clock says: `nog 3 u 30`, `0 u 12 te laat`, `na 14 min`.
    pub(crate) fn standing(self, standing: Standing) -> String {
        match standing {
            Standing::Running { left } | Standing::Soon { left } => self.left(self.0.clock_duration(left)),
            Standing::Late { by } => self.late_by(self.0.clock_duration(by)),
            Standing::Met { after } | Standing::Missed { after } => self.after(self.0.duration(after)),
        }
    }

    /// The quieter line under a clock: the moment itself, or how it ended.
    pub(crate) fn standing_detail(self, target: Target, now: chrono::DateTime<chrono::Utc>) -> String {
        let goal = || self.0.duration(target.allowed());
        match target.standing(now) {
            Standing::Running { .. } | Standing::Soon { .. } | Standing::Late { .. } => self.0.moment(target.due, now),
            Standing::Met { .. } => self.met_goal(goal()),
            Standing::Missed { .. } => self.missed_goal(goal()),
        }
    }
}
