//! Answers: pages, redirects after an act, files.

use axum::response::{Html, IntoResponse as _, Redirect, Response};
use http::{HeaderValue, StatusCode, header};

use crate::{
    failure::Failure,
    samples::{Listed, Page},
};

/// A page.
pub fn page(page: &(impl Page + Listed)) -> Result<Response, Failure> {
    page_with_status(StatusCode::OK, page)
}

/// A page under another status than 200.
pub fn page_with_status(status: StatusCode, page: &(impl Page + Listed)) -> Result<Response, Failure> {
    let html = page.render().map_err(|error| Failure::bug(&error))?;
    Ok((status, Html(html)).into_response())
}

/// To the first page of a list, from a later one that is empty or unknown: it says nothing about the list.
pub fn first_page(address: &str) -> Response {
    Redirect::to(address).into_response()
}

/// To a page, with a cookie where there is one.
pub fn redirect_with_cookie(page: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = Redirect::to(page).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A local address to redirect to, as given by a form or query. Anything else becomes the start page (open redirects, CWE-601).
pub fn own_page(path: &str) -> &str {
    // Browsers leave tabs and line ends out of an address: "/<tab>/evil.example" would be "//evil.example".
    let is_local = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && !path.contains(char::is_control);
    if is_local { path } else { "/" }
}

/// A file to keep.
pub fn attachment(name: &str, media_type: &'static str, contents: impl Into<axum::body::Body>) -> Response {
    let safe_name: String = name.chars().filter(|character| character.is_ascii_alphanumeric() || "-_.".contains(*character)).collect();
    let disposition = format!("attachment; filename=\"{safe_name}\"");
    let headers = [(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, contents.into()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cannot_be_led_away() {
        let plain = ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", ""];
        let with_control_characters =
            ["/x\r\nlocation: y", "/\t/evil.example", "/\u{b}/evil.example", "/\0/evil.example", "/\u{85}/evil.example"];
        for elsewhere in plain.into_iter().chain(with_control_characters) {
            assert_eq!(own_page(elsewhere), "/", "{elsewhere:?}");
        }
        assert_eq!(own_page("/wachtrij?ernst=high"), "/wachtrij?ernst=high");
    }

    #[test]
    fn a_file_name_cannot_end_its_header() {
        let response = attachment("a\"; x=\r\n.csv", "text/csv", "");
        assert_eq!(response.headers()[header::CONTENT_DISPOSITION], "attachment; filename=\"ax.csv\"");
    }
}
