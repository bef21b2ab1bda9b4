//! What a visitor chooses for their own browser: language, colours, shortcuts.

use axum::response::Response;
use http::header;

use portal_frame::{
    Language, PostedByAnyone,
    layout::Theme,
    respond::{own_page, redirect_with_cookie},
    visit::{A_YEAR, LANGUAGE_COOKIE, SHORTCUTS_COOKIE, THEME_COOKIE},
};

/// `POST /voorkeuren`.
pub(crate) async fn choose(PostedByAnyone { around, fields }: PostedByAnyone) -> Response {
    let theme = Theme::from_code(fields.text("thema")).map(|theme| (THEME_COOKIE, theme.code()));
    let language = Language::from_code(fields.text("taal")).map(|language| (LANGUAGE_COOKIE, language.code()));
    let shortcuts = ["aan", "uit"].into_iter().find(|code| *code == fields.text("sneltoetsen")).map(|code| (SHORTCUTS_COOKIE, code));

    let mut response = redirect_with_cookie(own_page(fields.text("terug")), None);
    for (name, code) in [theme, language, shortcuts].into_iter().flatten() {
        if let Some(cookie) = around.portal.cookies.set(name, code, A_YEAR) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}
