//! Who sees what at a school: which functions and services reach which kinds of data, why, and when they last did. identity says who may,
//! from the policies; three services have on record who did.

mod address;
mod export;
mod page;
mod uses;
mod view;
mod words;

use auth::Action;
use axum::{extract::Path, response::Response};
use portal_frame::{
    Failure, Fault, Visit,
    answer::Unreadable,
    list::Rows,
    respond::page,
    school::{school, school_id},
    upstream::Calls,
};
use proto::{history::v1::ListUsesResponse, identity::v1 as wire};
use tonic::{Response as Answer, Status};

use self::{
    address::AccessQuery,
    export::AccessRow,
    page::Part,
    uses::Uses,
    view::{FunctionRow, ServiceRow},
};
pub(crate) use self::{
    address::place,
    page::AccessPage,
    view::{Reach, Reason},
    words::AccessWords,
};

/// Of whom nobody asks when they last used it.
pub(crate) const NOT_RECORDED: uses::LastUse = uses::LastUse::NotRecorded;

/// Who reaches what, with when they last did.
struct Told {
    functions: Vec<FunctionRow>,
    services: Vec<ServiceRow>,
}

/// `GET /scholen/{school}/wie-ziet-wat`.
pub(crate) async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let query = AccessQuery(school_id(&id)?);
    let (calls, id) = (visit.calls(), query.0);
    let mut identity = calls.access();
    let (school, access, answers, frame) =
        tokio::join!(school(&calls, id), identity.get_access(query.access(false)), uses(&calls, query), visit.frame(place(id)));
    let (school, access, mut frame) = (school?, access?.into_inner(), frame?);
    let (mut known, mut missing) = (Vec::new(), Vec::new());
    for (part, answer) in answers {
        match answer.map_err(Failure::from) {
            Ok(answer) => known.push(Some(answer.into_inner())),
            Err(Failure::Ours { fault: Fault::Away, .. }) => {
                known.push(None);
                missing.extend(part);
            }
            Err(failure) => return Err(failure),
        }
    }
    frame.about_school(id, &school.name);
    let Told { functions, services } = told(access, query, known)?;
    let may_export = visit.visitor().may(Action::AccessExport, id);
    let may_see_people = visit.visitor().may(Action::FunctionRead, id);
    let total = i64::try_from(functions.len() + services.len()).unwrap_or(i64::MAX);
    page(&AccessPage { frame, query, school, functions, services, missing, may_export, may_see_people, total })
}

/// `GET /scholen/{school}/wie-ziet-wat/export.csv`.
pub(crate) async fn export_csv(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    all_rows(&visit, &id).await?.as_csv("wie-ziet-wat")
}

/// `GET /scholen/{school}/wie-ziet-wat/export.json`.
pub(crate) async fn export_json(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    all_rows(&visit, &id).await?.as_json("wie-ziet-wat")
}

/// A file is whole: while a service is unavailable there is none.
async fn all_rows(visit: &Visit, id: &str) -> Result<Rows<AccessRow>, Failure> {
    let query = AccessQuery(school_id(id)?);
    Rows::gather(async |_only_page| {
        let calls = visit.calls();
        // The file is a use of its own, which it tells.
        let access = calls.access().get_access(query.access(true)).await?.into_inner();
        let answers = uses(&calls, query).await.into_iter().map(|(_, answer)| Ok(Some(answer?.into_inner())));
        let answers = answers.collect::<Result<Vec<_>, Status>>()?;
        let Told { functions, services } = told(access, query, answers)?;
        let language = visit.language();
        let of_functions = functions.iter().flat_map(|row| AccessRow::of_function(row, language));
        let of_services = services.iter().flat_map(|row| AccessRow::of_service(row, language));
        Ok((of_functions.chain(of_services).collect(), String::new()))
    })
    .await
}

fn told(access: wire::GetAccessResponse, query: AccessQuery, uses: Vec<Option<ListUsesResponse>>) -> Result<Told, Unreadable> {
    let uses = Uses::of(uses)?;
    let functions = access.functions.into_iter().map(|access| FunctionRow::of(access, query.0, &uses));
    let services = access.services.into_iter().map(ServiceRow::try_from);
    Ok(Told { functions: functions.collect::<Result<_, Unreadable>>()?, services: services.collect::<Result<_, Unreadable>>()? })
}

/// What each service has on record; identity, which the page cannot do without, has no part that may be missing.
async fn uses(calls: &Calls, query: AccessQuery) -> [(Option<Part>, Result<Answer<ListUsesResponse>, Status>); 3] {
    let (mut school, mut devices, mut incidents) = (calls.history_of_school(), calls.history_of_devices(), calls.history_of_incidents());
    let answers = tokio::join!(school.list_uses(query.uses()), devices.list_uses(query.uses()), incidents.list_uses(query.uses()));
    [(None, answers.0), (Some(Part::Devices), answers.1), (Some(Part::Incidents), answers.2)]
}
