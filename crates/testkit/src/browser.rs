//! A real browser: headless Chromium, driven through ChromeDriver.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::Command,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
pub use fantoccini::Locator;
use fantoccini::{Client, ClientBuilder, error::CmdError, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use servers::{AXE, install::find};
use tempfile::TempDir;

use crate::{Child, eventually, free_port};

/// Environment variable: a folder for screenshots; unset, none are taken.
pub const SCREENSHOTS: &str = "SCHILDWACHT_TEST_SCREENSHOTS";

const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const CHROMEDRIVER: &str = "chromedriver";

/// Root has no sandbox; the rest stops the browser's own network requests.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--accept-lang=nl-BE",
];

/// A wide screen, and a phone.
const SCREENS: [(u32, u32); 2] = [(1440, 900), (375, 812)];
/// The narrowest window that pages must fit (WCAG 2.2, 1.4.10).
const NARROWEST: (u32, u32) = (320, 640);

/// The axe-core rules to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    All,
    OfColours,
}

/// Whether JavaScript is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// JavaScript on.
    On,
    /// JavaScript off.
    Off,
}

/// A browser that is closed when dropped, also when the test panics.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    // ChromeDriver closes its browsers on SIGTERM, not on SIGKILL.
    _driver: Driver,
    _profile: TempDir,
}

#[derive(Debug)]
struct Driver {
    port: u16,
    _process: Child,
}

impl Browser {
    /// Opens a browser with a wide window; `None`, with a printed reason, where there is none.
    pub async fn open(scripts: Scripts) -> Option<Self> {
        let is_missing = find(CHROMEDRIVER).is_none() || !CHROMIUM.into_iter().any(|name| find(name).is_some());
        if is_missing {
            crate::skipping::skip("Chromium or ChromeDriver is not installed; `cargo xtask test` installs them on Debian");
            return None;
        }
        let driver = Driver::start().await;
        let profile = TempDir::new().expect("a folder for the browser's profile");
        let own_folder = format!("--user-data-dir={}", profile.path().display());
        let arguments: Vec<&str> = ARGUMENTS.into_iter().chain([own_folder.as_str()]).collect();
        // Chromium's own numbers: 1 allows, 2 blocks.
        let javascript = if scripts == Scripts::On { 1 } else { 2 };
        let preferences = json!({ "profile.managed_default_content_settings.javascript": javascript });
        let capabilities = json!({ "goog:chromeOptions": { "args": arguments, "prefs": preferences } });
        let Value::Object(capabilities) = capabilities else { unreachable!("made an object above") };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = builder.connect(&driver.url()).await.expect("a session with ChromeDriver");
        let browser = Self { client, _driver: driver, _profile: profile };
        browser.resize(SCREENS[0].0, SCREENS[0].1).await;
        Some(browser)
    }

    /// Clicks the element, scrolled clear of fixed bars.
    pub async fn press(&self, css: &str) {
        let element = self.find(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"));
        let place = serde_json::to_value(&element).expect("an element, for a script");
        self.execute("arguments[0].scrollIntoView({ block: 'center' })", vec![place]).await.expect("a page that scrolls");
        element.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Sets the window's width in CSS pixels; below 600 it emulates a phone.
    pub async fn resize(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Sets the preferred colour scheme.
    pub async fn prefer(&self, colours: &str) {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": colours }] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// Accessibility and layout problems of the page, one per line: axe-core in light and dark, wide and on a phone, and horizontal
    /// overflow down to the narrowest window. Takes a screenshot of each.
    ///
    /// The page is loaded once. In dark only the colour rules run again: nothing else changes.
    pub async fn findings(&self, page: &str) -> Vec<String> {
        let mut findings = Vec::new();
        for (colours, looked_at) in [("light", Rules::All), ("dark", Rules::OfColours)] {
            self.prefer(colours).await;
            for (width, height) in SCREENS {
                self.resize(width, height).await;
                let place = format!("{page}-{width}-{colours}");
                let found = self.accessibility_findings(looked_at).await;
                findings.extend(found.into_iter().chain(self.sticks_out().await).map(|finding| format!("{place}: {finding}")));
                self.picture(&place).await;
            }
        }
        self.prefer("light").await;
        self.resize(NARROWEST.0, NARROWEST.1).await;
        findings.extend(self.sticks_out().await.map(|finding| format!("{page}-{}: {finding}", NARROWEST.0)));
        self.resize(SCREENS[0].0, SCREENS[0].1).await;
        findings
    }

    /// Elements that overflow the window horizontally, if any.
    pub async fn sticks_out(&self) -> Option<String> {
        let script = "const edge = document.documentElement.clientWidth;
            const pixels = document.documentElement.scrollWidth - edge;
            const out = pixels > 0 ? [...document.querySelectorAll('body *')] : [];
            const widest = out.filter((element) => element.getBoundingClientRect().right > edge + 1);
            return [pixels, widest.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)).join(' … ')]";
        let measured = self.execute(script, Vec::new()).await.expect("the page's width");
        let (pixels, widest): (i64, String) = serde_json::from_value(measured).expect("pixels and elements");
        (pixels > 0).then(|| format!("{pixels} pixels stick out sideways: {widest}"))
    }

    /// axe-core's findings on the current page, one per line; none, with a printed reason, without axe-core.
    async fn accessibility_findings(&self, rules: Rules) -> Vec<String> {
        let Ok(script) = std::env::var(AXE) else {
            crate::skipping::skip(&format!("{AXE} is not set; `cargo xtask test` fetches axe-core and sets it"));
            return Vec::new();
        };
        if self.execute("return typeof axe", Vec::new()).await.expect("an answer of the page") == "undefined" {
            let script = std::fs::read_to_string(script).expect("axe-core's script");
            self.execute(&script, Vec::new()).await.expect("axe-core in the page");
        }
        let run = "const [options, done] = arguments;
            const line = (found) => `${found.id}: ${found.help}: ${found.nodes.map((node) => node.target.join(' ')).join(' | ')}`;
            axe.run(options).then((result) => done(result.violations.map(line)), (error) => done([`axe failed: ${error}`]));";
        // axe-core describes every element of each requested result type, so only violations are requested.
        let mut options = json!({ "resultTypes": ["violations"] });
        if rules == Rules::OfColours {
            options["runOnly"] = json!(["color-contrast", "link-in-text-block"]);
        }
        let found = self.execute_async(run, vec![options]).await.expect("an answer of axe-core");
        serde_json::from_value(found).expect("lines")
    }

    /// Takes a screenshot of the whole page, if the folder is set.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os(SCREENSHOTS) else { return };
        let taken = self.devtools("Page.captureScreenshot", json!({ "captureBeyondViewport": true })).await;
        let picture = STANDARD.decode(taken["data"].as_str().expect("a picture")).expect("base64");
        std::fs::create_dir_all(&folder).expect("the folder for pictures");
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), picture).expect("the picture, kept");
    }

    /// Runs a DevTools command that WebDriver lacks.
    async fn devtools(&self, method: &'static str, parameters: Value) -> Value {
        let command = DevTools { method, parameters };
        self.issue_cmd(command).await.unwrap_or_else(|error: CmdError| panic!("{method}: {error}"))
    }
}

impl std::ops::Deref for Browser {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A command of the browser's DevTools, through ChromeDriver.
#[derive(Debug)]
struct DevTools {
    method: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base_url: &url::Url, session_id: Option<&str>) -> Result<url::Url, url::ParseError> {
        base_url.join(&format!("session/{}/goog/cdp/execute", session_id.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let body = json!({ "cmd": self.method, "params": self.parameters });
        (http::Method::POST, Some(body.to_string()))
    }
}

impl Driver {
    async fn start() -> Self {
        let port = free_port();
        let process = Child::start(Command::new(CHROMEDRIVER).arg(format!("--port={port}")));
        let driver = Self { port, _process: process };
        eventually("ChromeDriver", async || TcpStream::connect(("127.0.0.1", port)).ok()).await;
        driver
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn shut_down(&self) -> std::io::Result<()> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
        connection.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(connection, "GET /shutdown HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")?;
        connection.read_to_end(&mut Vec::new()).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Err(error) = self.shut_down() {
            eprintln!("ChromeDriver did not close its browser: {error}");
        }
    }
}
