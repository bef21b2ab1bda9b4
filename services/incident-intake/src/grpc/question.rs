//! Requests as what use cases are asked.

use proto::incident_intake::v1::{
    AddCaseNoteRequest, AssignCaseRequest, CaseOrder as WireOrder, CasePhase, CaseSeverity, ChangeCasePhaseRequest, CloseCaseRequest,
    CloseReason as WireReason, ExplainAlertsRequest, ListCasesRequest, ListEvidenceRequest, ListTimelineRequest, ReopenCaseRequest,
};
use runtime::{CaseId, Error, SchoolId};

use super::Fields;
use crate::{
    app::{
        AddCaseNote, AssignCase, AssignTo, ChangeCasePhase, CloseCase, ExplainAlerts, ListCases, ListEvidence, ListTimeline, MOST_ALERTS,
        ReopenCase, Whose,
    },
    domain::{
        alert::Alert,
        case::Phase,
        change::{CloseReason, Tlp},
        queue::{Assignment, CaseOrder, QueueFilter},
        severity::Severity,
        words::{NoteWords, ReasonWords},
    },
};

const MAX_REQUEST_ID: usize = 100;
const MOST_CASES_NAMED: usize = 200;

impl TryFrom<ListCasesRequest> for ListCases {
    type Error = Error;

    fn try_from(request: ListCasesRequest) -> Result<Self, Error> {
        let mut fields = Fields::default();
        let text = fields.search("query", &request.query);
        let phases: Vec<Option<Phase>> = request.phases().filter_map(|phase| fields.phase_or_closed(phase)).collect();
        let all_phases_known = phases.len() == request.phases.len();
        if !all_phases_known {
            fields.complain("phases", "name phases of a case; leave it empty for all that are not closed");
        }
        let min_severity = fields.min_severity(request.min_severity);
        let order = fields.order(request.order_by);
        let school = fields.optional_id("school_id", &request.school_id);
        let opened_after = request.opened_after.and_then(|timestamp| {
            let moment = proto::time::moment(timestamp);
            if moment.is_none() {
                fields.complain("opened_after", "give a moment, such as the read_time of an earlier answer");
            }
            moment
        });
        let cases = fields.cases(&request.case_ids);
        let whose = match request.assignee.as_str() {
            "" => Some(Whose::All),
            "me" => Some(Whose::Mine),
            "nobody" => Some(Whose::Nobodys),
            id => fields.id("assignee", id).map(Whose::Person),
        };
        let filter = QueueFilter { text, min_severity, phases, assignment: Assignment::Anybody, school, opened_after, cases };
        let asked = whose.zip(order).map(|(whose, order)| Self {
            filter,
            whose,
            order,
            reverse: request.reverse,
            page: (request.page_size, request.page_token).into(),
        });
        fields.finish(asked)
    }
}

impl Fields {
    /// A phase, `Some(None)` for closed; `None` for what is neither.
    fn phase_or_closed(&mut self, phase: CasePhase) -> Option<Option<Phase>> {
        match phase {
            CasePhase::Closed => Some(None),
            other => active_phase(other).map(Some),
        }
    }

    fn cases(&mut self, ids: &[String]) -> Vec<CaseId> {
        if ids.len() > MOST_CASES_NAMED {
            self.complain("case_ids", format!("name {MOST_CASES_NAMED} at most"));
        }
        let named = ids.iter().take(MOST_CASES_NAMED).enumerate();
        named.filter_map(|(index, id)| self.id(format!("case_ids[{index}]"), id)).collect()
    }

    fn min_severity(&mut self, number: i32) -> Option<Severity> {
        match CaseSeverity::try_from(number) {
            Ok(CaseSeverity::Unspecified) => None,
            Ok(CaseSeverity::Low) => Some(Severity::Low),
            Ok(CaseSeverity::Medium) => Some(Severity::Medium),
            Ok(CaseSeverity::High) => Some(Severity::High),
            Ok(CaseSeverity::VeryHigh) => Some(Severity::VeryHigh),
            Err(_) => {
                self.complain("min_severity", "name a severity, or leave it out for all");
                None
            }
        }
    }

    fn order(&mut self, number: i32) -> Option<CaseOrder> {
        let order = match WireOrder::try_from(number) {
            Ok(WireOrder::Unspecified | WireOrder::Target) => CaseOrder::Target,
            Ok(WireOrder::SeverityDesc) => CaseOrder::Severity,
            Ok(WireOrder::OpenTimeDesc) => CaseOrder::OpenTime,
            Ok(WireOrder::UpdateTimeDesc) => CaseOrder::UpdateTime,
            Ok(WireOrder::School) => CaseOrder::School,
            Ok(WireOrder::Reference) => CaseOrder::Reference,
            Ok(WireOrder::Phase) => CaseOrder::Phase,
            Ok(WireOrder::Assignee) => CaseOrder::Assignee,
            Err(_) => {
                self.complain("order_by", "name an order, or leave it out for the nearest target first");
                return None;
            }
        };
        Some(order)
    }
}

fn active_phase(phase: CasePhase) -> Option<Phase> {
    match phase {
        CasePhase::Open => Some(Phase::Open),
        CasePhase::InProgress => Some(Phase::InProgress),
        CasePhase::Containment => Some(Phase::Containment),
        CasePhase::Eradication => Some(Phase::Eradication),
        CasePhase::Recovery => Some(Phase::Recovery),
        CasePhase::PostIncident => Some(Phase::PostIncident),
        CasePhase::Unspecified | CasePhase::Closed => None,
    }
}

impl TryFrom<AssignCaseRequest> for AssignCase {
    type Error = Error;

    fn try_from(request: AssignCaseRequest) -> Result<Self, Error> {
        let mut fields = Fields::default();
        let case_id = fields.id("case_id", &request.case_id);
        let to = match request.assignee.as_str() {
            "" => Some(AssignTo::Nobody),
            "me" => Some(AssignTo::Me),
            id => fields.id("assignee", id).map(AssignTo::Person),
        };
        let etag = fields.etag(&request.etag);
        let asked = case_id.zip(to).zip(etag).map(|((case_id, to), etag)| Self { case_id, to, etag });
        fields.finish(asked)
    }
}

impl TryFrom<ChangeCasePhaseRequest> for ChangeCasePhase {
    type Error = Error;

    fn try_from(request: ChangeCasePhaseRequest) -> Result<Self, Error> {
        let mut fields = Fields::default();
        let case_id = fields.id("case_id", &request.case_id);
        let phase = active_phase(request.phase());
        if phase.is_none() {
            fields.complain("phase", "name a phase from open to post_incident; to close a case, call CloseCase with a reason");
        }
        let etag = fields.etag(&request.etag);
        let asked = case_id.zip(phase).zip(etag).map(|((case_id, phase), etag)| Self { case_id, phase, etag });
        fields.finish(asked)
    }
}

impl TryFrom<CloseCaseRequest> for CloseCase {
    type Error = Error;

    fn try_from(request: CloseCaseRequest) -> Result<Self, Error> {
        let mut fields = Fields::default();
        let case_id = fields.id("case_id", &request.case_id);
        let reason = match request.reason() {
            WireReason::Resolved => Some(CloseReason::Resolved),
            WireReason::FalsePositive => Some(CloseReason::FalsePositive),
            WireReason::NoActionNeeded => Some(CloseReason::NoActionNeeded),
            WireReason::Duplicate => Some(CloseReason::Duplicate),
            WireReason::Unspecified => None,
        };
        if reason.is_none() {
            fields.complain("reason", "say why: resolved, false_positive, no_action_needed or duplicate");
        }
        let text: Option<ReasonWords> = fields.text("text", &request.text);
        let etag = fields.etag(&request.etag);
        let asked = case_id.zip(reason).zip(text.zip(etag));
        fields.finish(asked.map(|((case_id, reason), (text, etag))| Self { case_id, reason, text, etag }))
    }
}

impl TryFrom<ReopenCaseRequest> for ReopenCase {
    type Error = Error;

    fn try_from(request: ReopenCaseRequest) -> Result<Self, Error> {
        let mut fields = Fields::default();
        let case_id = fields.id("case_id", &request.case_id);
        let text: Option<ReasonWords> = fields.text("text", &request.text);
        let etag = fields.etag(&request.etag);
        let asked = case_id.zip(text).zip(etag).map(|((case_id, text), etag)| Self { case_id, text, etag });
        fields.finish(asked)
    }
}

impl TryFrom<AddCaseNoteRequest> for AddCaseNote {
    type Error = Error;

    fn try_from(request: AddCaseNoteRequest) -> Result<Self, Error> {
        let mut fields = Fields::default();
        let case_id = fields.id("case_id", &request.case_id);
        let text: Option<NoteWords> = fields.text("text", &request.text);
        let tlp = if request.tlp.is_empty() { Ok(Tlp::AmberStrict) } else { request.tlp.parse() };
        if tlp.is_err() {
            fields.complain(
                "tlp",
                "write TLP:RED, TLP:AMBER+STRICT, TLP:AMBER, TLP:GREEN or TLP:CLEAR, or leave it empty for TLP:AMBER+STRICT",
            );
        }
        if request.request_id.len() > MAX_REQUEST_ID || request.request_id.contains(char::is_control) {
            fields.complain("request_id", "give at most 100 printable characters, a UUID for one");
        }
        let request_id = Some(request.request_id).filter(|id| !id.is_empty());
        let asked = case_id.zip(text).zip(tlp.ok()).map(|((case_id, text), tlp)| Self { case_id, text, tlp, request_id });
        fields.finish(asked)
    }
}

impl TryFrom<ListTimelineRequest> for ListTimeline {
    type Error = Error;

    fn try_from(request: ListTimelineRequest) -> Result<Self, Error> {
        let mut fields = Fields::default();
        let case_id = fields.id("case_id", &request.case_id);
        fields.finish(case_id.map(|case_id| Self { case_id, page: (request.page_size, request.page_token).into() }))
    }
}

impl TryFrom<ListEvidenceRequest> for ListEvidence {
    type Error = Error;

    fn try_from(request: ListEvidenceRequest) -> Result<Self, Error> {
        let mut fields = Fields::default();
        let case_id = fields.id("case_id", &request.case_id);
        fields.finish(case_id.map(|case_id| Self { case_id, page: (request.page_size, request.page_token).into() }))
    }
}

impl TryFrom<ExplainAlertsRequest> for ExplainAlerts {
    type Error = Error;

    fn try_from(request: ExplainAlertsRequest) -> Result<Self, Error> {
        let mut fields = Fields::default();
        let school: Option<SchoolId> = fields.id("school_id", &request.school_id);
        if request.alerts.len() > MOST_ALERTS {
            fields.complain("alerts", format!("ask for at most {MOST_ALERTS} at once"));
            return fields.finish(None);
        }
        let mut alerts = Vec::with_capacity(request.alerts.len());
        for (index, alert) in request.alerts.into_iter().enumerate() {
            match Alert::try_from(alert) {
                Ok(alert) if school.is_some_and(|school| school != alert.school_id) => {
                    fields.complain(format!("alerts[{index}].school_id"), "ask for alerts of one school, the one in school_id");
                }
                Ok(alert) => alerts.push(alert),
                Err(violations) => fields.complain(format!("alerts[{index}]"), violations.to_string()),
            }
        }
        fields.finish(school.map(|school| Self { school, alerts }))
    }
}
