//! What somebody may see, and who sees what of them: about the visitor alone.

mod page;
mod words;

use axum::response::Response;
use portal_frame::{
    Failure, Visit,
    answer::{Unreadable, WireEnum as _, given, moment},
    respond::page,
};
use proto::identity::v1 as wire;

pub(crate) use self::page::OwnAccessPage;
use self::page::{OwnFunction, Viewers};
use crate::access::{Reach, Reason};

/// `GET /mijn-toegang`.
pub(crate) async fn show(visit: Visit) -> Result<Response, Failure> {
    let calls = visit.calls();
    let mut identity = calls.access();
    let (answer, frame) = tokio::join!(identity.get_own_access(wire::GetOwnAccessRequest {}), visit.frame("/mijn-toegang"));
    let functions = answer?.into_inner().functions.into_iter().map(OwnFunction::try_from).collect::<Result<_, Unreadable>>()?;
    page(&OwnAccessPage { frame: frame?, functions })
}

impl TryFrom<wire::OwnFunction> for OwnFunction {
    type Error = Unreadable;

    fn try_from(own: wire::OwnFunction) -> Result<Self, Unreadable> {
        let mut viewers: Vec<Viewers> = Vec::new();
        for viewer in own.viewers {
            let data = wire::DataKind::known(viewer.data, "viewer.data")?;
            let function = viewer.function.parse().map_err(|_| Unreadable("viewer.function"))?;
            let reasons: Vec<Reason> = viewer.reasons.into_iter().map(Into::into).collect();
            // Those who see the same for the same reason are told together.
            match viewers.iter_mut().find(|other| other.data == data && other.reasons == reasons) {
                Some(others) => others.functions.push(function),
                None => viewers.push(Viewers { data, functions: vec![function], reasons }),
            }
        }
        Ok(Self {
            function: own.function.parse().map_err(|_| Unreadable("own_function.function"))?,
            place: given(own.place_name),
            from: moment(own.start_time),
            ends: moment(own.end_time),
            reaches: own.reaches.into_iter().map(Reach::unrecorded).collect::<Result<_, Unreadable>>()?,
            viewers,
        })
    }
}
