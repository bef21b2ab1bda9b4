//! Somebody at a browser.

use testkit::{
    browser::{Browser, Locator, Scripts},
    eventually,
};

use crate::town::Town;

/// Somebody at a browser.
pub struct Visitor {
    pub browser: Browser,
    base: String,
}

impl Visitor {
    /// Sits down at the screen; `None` where there is no browser.
    pub async fn arrive(town: &Town, scripts: Scripts) -> Option<Self> {
        let browser = Browser::open(scripts).await?;
        Some(Self { browser, base: town.site.url("") })
    }

    /// Signs in as one of the demo's people.
    pub async fn sign_in(&self, persona: &str) {
        self.open("/aanmelden").await;
        self.press(&format!("button[name=persona][value={persona}]")).await;
        self.sees(".account .name").await;
    }

    pub async fn open(&self, path: &str) {
        self.browser.goto(&format!("{}{path}", self.base)).await.unwrap();
    }

    /// The address without the host.
    pub async fn path(&self) -> String {
        self.browser.current_url().await.unwrap().as_str().strip_prefix(&self.base).unwrap_or_default().to_owned()
    }

    /// Waits until something is on the page and visible.
    pub async fn sees(&self, css: &str) {
        eventually(css, async || {
            let element = self.browser.find(Locator::Css(css)).await.ok()?;
            element.is_displayed().await.ok().filter(|displayed| *displayed)
        })
        .await;
    }

    pub async fn sees_not(&self, css: &str) {
        for element in self.browser.find_all(Locator::Css(css)).await.unwrap() {
            assert!(!element.is_displayed().await.unwrap(), "{css} on {}", self.path().await);
        }
    }

    /// Presses a button or a link once it is there.
    pub async fn press(&self, css: &str) {
        self.sees(css).await;
        self.browser.press(css).await;
    }

    pub async fn press_link(&self, text: &str) {
        self.browser.wait().for_element(Locator::LinkText(text)).await.unwrap().click().await.unwrap();
    }

    /// Writes into a field.
    pub async fn write(&self, css: &str, text: &str) {
        self.sees(css).await;
        self.browser.find(Locator::Css(css)).await.unwrap().send_keys(text).await.unwrap();
    }

    /// Chooses from a list.
    pub async fn choose(&self, css: &str, value: &str) {
        self.browser.find(Locator::Css(css)).await.unwrap().select_by_value(value).await.unwrap();
    }

    /// What stands there, as a person reads it. Between two pages, what is found may be gone before it is read.
    pub async fn reads(&self, css: &str) -> String {
        eventually(css, async || {
            let element = self.browser.find(Locator::Css(css)).await.ok()?;
            let is_displayed = element.is_displayed().await.ok()?;
            element.text().await.ok().filter(|_| is_displayed)
        })
        .await
    }

    /// The title of the page.
    pub async fn heading(&self) -> String {
        self.reads("h1").await
    }

    /// Waits until the message after an act says this.
    pub async fn is_told(&self, message: &str) {
        eventually(message, async || {
            let toast = self.browser.find(Locator::Css(".toast")).await.ok()?;
            toast.text().await.ok().filter(|text| text == message)
        })
        .await;
    }

    /// Checks that the page is right for everybody; keeps pictures.
    pub async fn finds_nothing_wrong(&self, name: &str) {
        let findings = self.browser.findings(name).await;
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }
}
