//! The organisations that a visitor has functions at, and the one they look at now. That is a choice of what pages begin with and which menu is
//! shown, never a right: what somebody may do stays the same.

use auth::Resource;
use futures::future::join_all;
use proto::identity::v1 as wire;
use runtime::{SchoolId, VendorId};

use crate::{upstream::Calls, visitor::Visitor, words::ShellWords};

/// The switcher shows so many; who has more finds the others in the list of schools.
const MOST_SHOWN: usize = 20;

/// An organisation in the switcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// As in the form: `school:<id>`, `vendor:<id>`, `platform`.
    pub code: String,
    pub name: String,
    pub is_chosen: bool,
}

/// What the switcher offers: nothing to who has one organisation, and nothing while names are not to be had.
pub async fn offered(visitor: &Visitor, calls: &Calls, chosen: Option<Resource>, words: ShellWords) -> Vec<Offered> {
    let organisations = visitor.organisations();
    if organisations.len() < 2 {
        return Vec::new();
    }
    // What was chosen is among them, however many there are.
    let (first, rest): (Vec<_>, Vec<_>) = organisations.into_iter().partition(|organisation| Some(*organisation) == chosen);
    let shown: Vec<Resource> = first.into_iter().chain(rest).take(MOST_SHOWN).collect();
    match names(visitor, calls, &shown, words).await {
        Ok(mut named) => {
            named.sort_by_key(|(organisation, name)| (*organisation != Resource::Platform, name.to_lowercase()));
            let offer = |(organisation, name): (Resource, String)| Offered {
                code: organisation.to_string(),
                name,
                is_chosen: Some(organisation) == chosen,
            };
            named.into_iter().map(offer).collect()
        }
        Err(status) => {
            tracing::warn!(name: "switcher.names_unknown", error = %status, "identity does not say what organisations are called, no switcher is shown");
            Vec::new()
        }
    }
}

async fn names(visitor: &Visitor, calls: &Calls, shown: &[Resource], words: ShellWords) -> Result<Vec<(Resource, String)>, tonic::Status> {
    let mut named = Vec::new();
    let mut schools: Vec<SchoolId> = Vec::new();
    let mut vendors: Vec<VendorId> = Vec::new();
    for organisation in shown {
        match organisation {
            Resource::School(school) => schools.push(*school),
            Resource::Vendor(vendor) => vendors.push(*vendor),
            _ => named
                .push((*organisation, Some(words.team(visitor)).filter(|team| !team.is_empty()).unwrap_or(words.ministry()).to_owned())),
        }
    }
    if !schools.is_empty() {
        let school_ids: Vec<String> = schools.iter().map(ToString::to_string).collect();
        let page_size = i32::try_from(school_ids.len()).unwrap_or(i32::MAX);
        let request = wire::ListSchoolsRequest { page_size, school_ids, ..Default::default() };
        for school in calls.schools().list_schools(request).await?.into_inner().schools {
            named.extend(school.school_id.parse().ok().map(|id| (Resource::School(id), school.name)));
        }
    }
    let asked = vendors.into_iter().map(|vendor| async move {
        let request = wire::GetVendorRequest { vendor_id: vendor.to_string() };
        Ok::<_, tonic::Status>((Resource::Vendor(vendor), calls.vendors().get_vendor(request).await?.into_inner().name))
    });
    for answer in join_all(asked).await {
        named.push(answer?);
    }
    Ok(named)
}
