//! The address of who sees what at a school: `/scholen/<id>/wie-ziet-wat`. All of it is on one page, so it has no question.

use proto::{
    history::v1::{ListUsesRequest, list_uses_request},
    identity::v1::{GetAccessRequest, get_access_request},
};
use runtime::SchoolId;

/// Of which school.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccessQuery(pub(crate) SchoolId);

/// Where the menu finds this page.
pub(crate) fn place(school: SchoolId) -> String {
    format!("/scholen/{school}/wie-ziet-wat")
}

impl AccessQuery {
    pub(crate) fn export_href(self, format: &str) -> String {
        format!("{}/export.{format}", place(self.0))
    }

    pub(crate) fn access(self, for_export: bool) -> GetAccessRequest {
        let organisation = Some(get_access_request::Organisation::SchoolId(self.0.to_string()));
        GetAccessRequest { organisation, for_export }
    }

    pub(crate) fn uses(self) -> ListUsesRequest {
        ListUsesRequest { organisation: Some(list_uses_request::Organisation::SchoolId(self.0.to_string())) }
    }
}
