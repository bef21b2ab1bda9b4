//! Creating once what is asked for twice (AIP-155): a row keeps who asked for it and under which id.

use auth::Context;
use runtime::RequestId;
use sea_orm::{ColumnTrait, QueryFilter};
use uuid::Uuid;

/// Who asked for a row, and under which id; the same again is the same request. Two columns with a unique index: `requested_by`,
/// `request_id`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestKey {
    /// As audit rows name them.
    pub requested_by: String,
    /// What they gave, if they gave one.
    pub request_id: Option<RequestId>,
}

impl RequestKey {
    /// Of this caller.
    pub fn of(cx: &Context, request_id: Option<RequestId>) -> Self {
        Self { requested_by: cx.actor(), request_id }
    }

    /// Only what this request made before; `None` when it gave no id.
    pub fn made<Q: QueryFilter>(&self, query: Q, requested_by: impl ColumnTrait, request_id: impl ColumnTrait) -> Option<Q> {
        let id: Uuid = self.request_id?.into();
        Some(query.filter(requested_by.eq(&self.requested_by)).filter(request_id.eq(id)))
    }
}
