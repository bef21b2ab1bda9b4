//! The history of a school: who read, exported and changed what. Three services have it on record, so their answers are merged by time.

mod address;
mod export;
mod page;
mod view;
mod words;

use auth::Action;
use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use portal_frame::{
    Failure, Fault, Visit,
    answer::Unreadable,
    list::{Paging, Rows},
    respond::{first_page, page},
    school::{school, school_id},
    upstream::Calls,
};
use proto::history::v1::{ListHistoryRequest, ListHistoryResponse};
use tonic::{Response as Answer, Status};

use self::{address::HistoryQuery, export::HistoryRow, page::Part, view::Entry};
pub(crate) use self::{address::place, page::HistoryPage, words::HistoryWords};

const PAGE_SIZE: i32 = 50;
const EXPORT_PAGE_SIZE: i32 = 200;

/// What the services tell together, newest first.
#[derive(Debug, PartialEq)]
struct Merged {
    entries: Vec<Entry>,
    /// Any of them takes it; empty on the last page.
    next_page_token: String,
    total: i64,
}

/// `GET /scholen/{school}/historiek`.
pub(crate) async fn list(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let id = school_id(&id)?;
    let query = HistoryQuery::parse(id, &query.unwrap_or_default());
    let calls = visit.calls();
    let (school, told, frame) = tokio::join!(school(&calls, id), told(&calls, query.request(PAGE_SIZE)), visit.frame(place(id)));
    let (school, mut frame) = (school?, frame?);
    let (mut answers, mut missing) = (Vec::new(), Vec::new());
    for (part, answer) in told {
        match answer.map_err(|status| Failure::of_page(status, || query.first_page().href())) {
            Ok(answer) => answers.push(answer.into_inner()),
            Err(Failure::Ours { fault: Fault::Away, .. }) => missing.push(part),
            Err(failure) => return Err(failure),
        }
    }
    let Merged { mut entries, next_page_token, total } = merge(answers, PAGE_SIZE)?;
    if entries.is_empty() && missing.is_empty() && !query.trail.is_first() {
        return Ok(first_page(&query.first_page().href()));
    }
    frame.about_school(id, &school.name);
    let range = query.trail.range(PAGE_SIZE, entries.len(), total);
    let range_in_words = HistoryWords(frame.language()).range(range.from, range.until, range.total);
    let paging = Paging::new(frame.language(), &query.trail, range_in_words, &next_page_token, |trail| query.at(trail));
    entries.dedup_by(|earlier, later| later.is_of_the_same_look(earlier));
    let may_export = visit.visitor().may(Action::HistoryExport, id);
    page(&HistoryPage { frame, query, school, entries, paging, total, missing, may_export })
}

/// `GET /scholen/{school}/historiek/export.csv`.
pub(crate) async fn export_csv(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    all_rows(&visit, &id, query).await?.as_csv("historiek")
}

/// `GET /scholen/{school}/historiek/export.json`.
pub(crate) async fn export_json(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    all_rows(&visit, &id, query).await?.as_json("historiek")
}

/// A file is whole: while a service is unavailable there is none.
async fn all_rows(visit: &Visit, id: &str, query: Option<String>) -> Result<Rows<HistoryRow>, Failure> {
    let query = &HistoryQuery::parse(school_id(id)?, &query.unwrap_or_default());
    Rows::gather(async |page_token| {
        let request = ListHistoryRequest { page_token, for_export: true, ..query.request(EXPORT_PAGE_SIZE) };
        let told = told(&visit.calls(), request).await;
        let answers = told.into_iter().map(|(_, answer)| Ok(answer?.into_inner())).collect::<Result<_, Status>>()?;
        let Merged { entries, next_page_token, .. } = merge(answers, EXPORT_PAGE_SIZE)?;
        let rows = entries.into_iter().map(|entry| HistoryRow::of(entry, visit.language())).collect();
        Ok((rows, next_page_token))
    })
    .await
}

/// What each service answers to the same question.
async fn told(calls: &Calls, request: ListHistoryRequest) -> [(Part, Result<Answer<ListHistoryResponse>, Status>); 3] {
    let (mut school, mut devices, mut incidents) = (calls.history_of_school(), calls.history_of_devices(), calls.history_of_incidents());
    let answers =
        tokio::join!(school.list_history(request.clone()), devices.list_history(request.clone()), incidents.list_history(request),);
    [(Part::School, answers.0), (Part::Devices, answers.1), (Part::Incidents, answers.2)]
}

/// One page of pages of this size: they have one order, and each begins after the same entry.
fn merge(answers: Vec<ListHistoryResponse>, page_size: i32) -> Result<Merged, Unreadable> {
    let page_size = usize::try_from(page_size).unwrap_or_default();
    let goes_on = answers.iter().any(|answer| !answer.next_page_token.is_empty());
    let total = answers.iter().map(|answer| answer.total_size).sum();
    let entries = answers.into_iter().flat_map(|answer| answer.entries).map(Entry::try_from);
    let mut entries = entries.collect::<Result<Vec<_>, Unreadable>>()?;
    entries.sort_by_cached_key(Entry::order);
    let goes_on = goes_on || entries.len() > page_size;
    entries.truncate(page_size);
    let last = entries.last().filter(|_| goes_on);
    Ok(Merged { next_page_token: last.map(|last| last.next_page_token.clone()).unwrap_or_default(), entries, total })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proto::{
        history::v1::{HistoryEntry, HistoryKind},
        time::timestamp,
    };

    use super::*;

    /// Of a service: one entry at each of these minutes.
    fn answer(minutes: &[i64], next_page_token: &str) -> ListHistoryResponse {
        let entry = |minute: &i64| HistoryEntry {
            entry_id: format!("entry-{minute}"),
            time: Some(timestamp(portal_frame::samples::now() + TimeDelta::minutes(*minute))),
            kind: HistoryKind::Read.into(),
            actor: "person:noor".to_owned(),
            action: "case.read".to_owned(),
            next_page_token: format!("after-{minute}"),
            ..HistoryEntry::default()
        };
        let total_size = i64::try_from(minutes.len()).unwrap();
        ListHistoryResponse { entries: minutes.iter().map(entry).collect(), next_page_token: next_page_token.to_owned(), total_size }
    }

    fn ids(merged: &Merged) -> Vec<&str> {
        merged.entries.iter().map(|entry| entry.id.as_str()).collect()
    }

    #[test]
    fn the_newest_of_all_services_come_first_and_the_next_page_begins_after_the_last_that_is_shown() {
        let merged = merge(vec![answer(&[9, 2], "more"), answer(&[7, 6], ""), answer(&[8], "")], 3).unwrap();
        assert_eq!((ids(&merged), merged.next_page_token.as_str(), merged.total), (vec!["entry-9", "entry-8", "entry-7"], "after-7", 5));
    }

    #[test]
    fn the_page_goes_on_while_a_service_has_more_or_entries_are_left() {
        assert_eq!(merge(vec![answer(&[3, 2], "more"), answer(&[], "")], 2).unwrap().next_page_token, "after-2");
        assert_eq!(merge(vec![answer(&[3, 2], ""), answer(&[1], "")], 2).unwrap().next_page_token, "after-2");
        assert_eq!(merge(vec![answer(&[3, 2], ""), answer(&[1], "")], 3).unwrap().next_page_token, "");
    }
}
