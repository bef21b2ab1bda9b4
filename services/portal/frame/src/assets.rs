//! The files browsers fetch beside the pages: styles, icons and the script, compiled in by `build.rs`.

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// One file, plain and compressed.
pub struct Asset {
    name: &'static str,
    media_type: &'static str,
    plain: &'static [u8],
    gzip: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A year: the path changes whenever the contents do.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Answers `GET /assets/{version}/{name}`; 404 for the version of another release.
pub async fn serve(Path((version, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let known = ASSETS.iter().find(|asset| version == VERSION && asset.name == name);
    let Some(asset) = known else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let common = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type)),
        (header::CACHE_CONTROL, FOR_EVER),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    if accepts_gzip(&headers) {
        (common, [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))], asset.gzip).into_response()
    } else {
        (common, asset.plain).into_response()
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let listed = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    listed.map(str::trim).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(accept_encoding: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accept_encoding))])
    }

    fn text(name: &str) -> &'static str {
        let asset = ASSETS.iter().find(|asset| asset.name == name).unwrap();
        std::str::from_utf8(asset.plain).unwrap()
    }

    #[tokio::test]
    async fn a_file_is_kept_for_ever_and_compressed_for_who_can_read_that() {
        let path = || Path((VERSION.to_owned(), "portal.css".to_owned()));
        let compressed = serve(path(), headers("br, gzip;q=0.8")).await;
        assert_eq!(compressed.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(compressed.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(compressed.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let plain = serve(path(), headers("gzip;q=0")).await;
        assert!(plain.headers().get(header::CONTENT_ENCODING).is_none());
    }

    #[tokio::test]
    async fn another_release_is_not_served() {
        let response = serve(Path(("000000000000".to_owned(), "portal.css".to_owned())), HeaderMap::new()).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn styles_hold_nothing_the_oldest_browsers_cannot_read() {
        let styles = text("portal.css");
        assert!(!styles.contains("light-dark("), "light-dark() must be lowered");
        assert!(!styles.contains("&:"), "nesting must be lowered");
        assert!(styles.contains("--lightningcss-light") && styles.contains("[data-theme=dark]"), "both themes must survive");
    }

    #[test]
    fn styles_and_script_leave_room_for_the_page_itself() {
        let compressed: usize = ASSETS.iter().map(|asset| asset.gzip.len()).sum();
        assert!(compressed < 30 * 1024, "{compressed} bytes go over the wire before the first page");
    }
}
