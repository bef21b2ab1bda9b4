//! Lists schools by name.

use auth::{Action, Context};
use runtime::Result;
use storage::{PageSize, decode_page_token, encode_page_token};

use super::App;
use crate::{
    domain::School,
    store::{
        self,
        school::{Filter, Position},
    },
};

/// Which schools.
#[derive(Debug, Clone)]
pub struct ListSchools {
    /// Part of a name, a municipality or a number; empty: all.
    pub query: String,
    /// As in the request.
    pub page_size: i32,
    /// As in the request.
    pub page_token: String,
}

/// Some of the schools.
#[derive(Debug, Clone)]
pub struct SchoolPage {
    /// In order.
    pub schools: Vec<School>,
    /// Empty at the end.
    pub next_page_token: String,
    /// How many there are on all pages.
    pub total: u64,
}

/// One page of them, and how many there are on all pages.
pub async fn list_schools(app: &App, cx: &Context, asked: ListSchools) -> Result<SchoolPage> {
    let scope = cx.scope(Action::SchoolRead)?;
    let size = PageSize::from_request(asked.page_size)?;
    let question = ("schools", &asked.query);
    let after: Option<Position> = decode_page_token(&question, &asked.page_token)?;

    let filter = Filter { scope, query: asked.query.clone() };
    let mut schools = store::school::list(app.database.reader(), &filter, after.as_ref(), size.with_peek()).await?;
    let total = store::school::count(app.database.reader(), &filter).await?;
    let has_more = size.cut(&mut schools);
    let next_page_token = match schools.last() {
        Some(last) if has_more => encode_page_token(&question, &Position::after(last))?,
        _ => String::new(),
    };
    Ok(SchoolPage { schools, next_page_token, total })
}
