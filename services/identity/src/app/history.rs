//! What identity tells in the history of a school.

use std::collections::HashMap;

use auth::Action;
use runtime::SchoolId;
use service::Trail;
use storage::{
    Database, Reach, StoreResult,
    audit::{Changes, Things},
};

use super::App;
use crate::{domain::Place, store};

const fn by(actions: &'static [Action]) -> Changes {
    Changes { by: actions, holding: "" }
}

impl Trail for App {
    const CHANGES: &'static [(Action, Changes)] = &[
        (Action::SchoolRead, by(&[Action::OrganisationImport])),
        (Action::EnrolmentRead, by(&[Action::EnrolmentCheck, Action::EnrolmentConfirm, Action::EnrolmentOverride])),
        (Action::ContactRead, by(&[Action::ContactEdit])),
        (
            Action::GatewayRead,
            by(&[Action::GatewayEnrol, Action::GatewayRotate, Action::GatewayCode, Action::GatewayRedeem, Action::GatewayRevoke]),
        ),
        (
            Action::FunctionRead,
            by(&[Action::FunctionGrant, Action::FunctionEnd, Action::FunctionConfirm, Action::FunctionRemind, Action::InvitationAccept]),
        ),
    ];

    const READS: &'static [Action] = &[Action::AccessExport];

    fn database(&self) -> &Database {
        &self.database
    }

    async fn names(&self, school: SchoolId, things: &Things<'_>) -> StoreResult<HashMap<String, String>> {
        let reader = self.database.reader_within(Reach::one(school)).await?;
        let contacts = store::contact::names(&reader, school, things).await?;
        let gateways = store::gateway::names(&reader, school, things).await?;
        let people = store::appointment::names(&reader, Place(school.into()), things).await?;
        let named = [("contact", contacts), ("gateway", gateways), ("appointment", people)];
        let named = named.into_iter().flat_map(|(kind, names)| names.into_iter().map(move |(id, name)| (format!("{kind}:{id}"), name)));
        Ok(named.collect())
    }
}
