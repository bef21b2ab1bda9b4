//! A browser without a script: cookies, links, forms, redirects.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, Method, header};

/// One browser, with its cookies.
#[derive(Clone)]
pub struct Browser {
    client: reqwest::Client,
    portal: String,
    /// By origin, then by name: hosts differ in their port only here, so the port keeps them apart too.
    pub cookies: BTreeMap<String, String>,
    /// Sent along with everything.
    pub headers: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub url: String,
}

impl Browser {
    pub fn new(portal: &str) -> Self {
        Self {
            client: testkit::http_client(),
            portal: portal.trim_end_matches('/').to_owned(),
            cookies: BTreeMap::new(),
            headers: BTreeMap::new(),
        }
    }

    /// One request; redirects are shown, not followed.
    pub async fn get(&mut self, address: &str) -> Page {
        self.send(Method::GET, address, None).await
    }

    /// A link, and where it leads in the end.
    pub async fn follow(&mut self, address: &str) -> Page {
        let mut page = self.get(address).await;
        for _hop in 0..10 {
            let Some(next) = page.location() else { return page };
            page = self.get(&next).await;
        }
        panic!("redirects go round: {}", page.url);
    }

    /// Sends a form as it is, from a page of the portal.
    pub async fn post(&mut self, address: &str, fields: &[(&str, &str)]) -> Page {
        self.send(Method::POST, address, Some(fields)).await
    }

    /// Opens a page, then sends a form from it with that page's secret.
    pub async fn submit(&mut self, from: &str, address: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.follow(from).await;
        assert!(page.status < 500, "{}", page.text);
        let csrf = page.hidden("csrf").unwrap_or_default();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.post(address, &all).await
    }

    async fn send(&mut self, method: Method, address: &str, fields: Option<&[(&str, &str)]>) -> Page {
        let url = if address.starts_with('/') { format!("{}{address}", self.portal) } else { address.to_owned() };
        let mut request = self.client.request(method, &url);
        let is_portal = url.starts_with(&self.portal);
        if is_portal {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if let Some(fields) = fields {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        }
        let mut request = request.build().unwrap();
        for (name, value) in &self.headers {
            // In place of what a browser would say by itself, not beside it.
            request.headers_mut().insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let response = self.client.execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if is_portal {
            self.keep_cookies(&headers);
        }
        Page { status, headers, text: response.text().await.unwrap(), url }
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Page {
    pub fn location(&self) -> Option<String> {
        let location = self.headers.get(header::LOCATION)?;
        Some(location.to_str().unwrap().to_owned())
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The value of the first hidden field of this name.
    pub fn hidden(&self, name: &str) -> Option<String> {
        let field = format!("name=\"{name}\" value=\"");
        let (_, after) = self.text.split_once(&field)?;
        Some(after.split('"').next().unwrap().to_owned())
    }

    /// The page for a snapshot: without what differs from one rendering, or from one telling of the sample, to the next.
    pub fn steady(&self) -> String {
        let mut text = self.text.clone();
        for (before, after) in MADE_UP {
            text = without(&text, before, after);
        }
        let port = self.url.split('/').nth(2).unwrap_or_default();
        let text = with_numbered_ids(&text.replace(port, "portal"));
        let version = text.split("/assets/").nth(1).and_then(|after| after.split('/').next()).unwrap_or_default().to_owned();
        if version.is_empty() { text } else { text.replace(&version, "VERSION") }
    }
}

/// What stands before and after secrets, etags, page tokens and the hashes of the audit trail.
const MADE_UP: [(&str, &str); 6] = [
    ("name=\"csrf\" value=\"", "\""),
    ("name=\"verzoek\" value=\"", "\""),
    ("name=\"etag\" value=\"", "\""),
    ("?bewijs=", "#"),
    ("<span class=\"hash\">logboek ", "</span>"),
    ("<span class=\"hash\">audit trail ", "</span>"),
];

fn without(text: &str, before: &str, after: &str) -> String {
    let mut parts = text.split(before);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |steady, part| {
        let (made_up, rest) = part.split_at(part.find(after).unwrap_or_default());
        let shown = if made_up.is_empty() { "" } else { "…" };
        format!("{steady}{before}{shown}{rest}")
    })
}

/// Ids become `id-1`, `id-2`, … in the order in which the page names them.
fn with_numbered_ids(text: &str) -> String {
    let is_id = |window: &[u8]| std::str::from_utf8(window).is_ok_and(|id| uuid::Uuid::try_parse(id).is_ok());
    let mut ids: Vec<&str> = Vec::new();
    for (at, window) in text.as_bytes().windows(36).enumerate().filter(|(_, window)| window[8] == b'-' && is_id(window)) {
        if !ids.iter().any(|id| id.as_bytes() == window) {
            ids.push(&text[at..at + 36]);
        }
    }
    ids.iter().enumerate().fold(text.to_owned(), |text, (number, id)| text.replace(id, &format!("id-{}", number + 1)))
}

/// The first address on a page that begins so.
pub fn link_to(page: &str, begin: &str) -> String {
    let at = page.find(&format!("href=\"{begin}")).unwrap_or_else(|| panic!("no link to {begin} in {page}"));
    let address = page[at..].split('"').nth(1).unwrap_or_default();
    address.replace("&#38;", "&")
}

/// Title and main part of a page, for snapshots of what is on no other page.
pub fn main_of(page: &str) -> String {
    let part = |from: &str, until: &str| {
        let (_, after) = page.split_once(from).unwrap();
        format!("{from}{}{until}", after.split_once(until).unwrap().0)
    };
    format!("{}\n{}", part("<title>", "</title>"), part("<main", "</main>"))
}
