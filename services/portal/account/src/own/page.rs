//! The page of the own account.

use askama::Template;
use auth::Function;
use chrono::{DateTime, TimeDelta, Utc};
use content::Text;
use portal_frame::{
    Frame,
    mark::Icon,
    samples::Page,
    session::{Browser, Device, OpenSession, System},
};

use super::{view::HeldAt, words::AccountWords};

/// The own account.
#[derive(Template)]
#[template(path = "own/page.html")]
pub(crate) struct AccountPage {
    pub(crate) frame: Frame,
    /// How they signed in, if the register of methods has it.
    pub(crate) method: Option<Text>,
    pub(crate) signed_in_at: DateTime<Utc>,
    /// Where they change their password and set up a passkey; none with the development issuer.
    pub(crate) issuers_page: Option<String>,
    pub(crate) functions: Vec<HeldAt>,
    pub(crate) sessions: Vec<OpenSession>,
}

impl AccountPage {
    const fn words(&self) -> AccountWords {
        AccountWords(self.frame.preferences.language)
    }

    fn method_name(&self) -> &str {
        self.method.as_ref().map_or_else(|| self.words().method_unknown(), |name| self.frame.language().pick(&name.nl, &name.en))
    }

    fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.is_this)
    }

    fn device(&self, session: &OpenSession) -> String {
        self.words().device_name(session.device)
    }

    fn icon(&self, session: &OpenSession) -> Icon {
        match session.device.system {
            System::Iphone | System::AndroidPhone => Icon::Mobile,
            System::Ipad | System::AndroidTablet => Icon::Tablet,
            System::Mac | System::Chromebook => Icon::Laptop,
            System::Windows | System::Linux | System::Other => Icon::Desktop,
        }
    }
}

impl Page for AccountPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let session = |browser, system, hours: i64, is_this| OpenSession {
            id: format!("session-{hours}"),
            device: Device { browser, system },
            since: frame.now - TimeDelta::hours(hours),
            last_seen: frame.now - TimeDelta::minutes(hours),
            is_this,
        };
        let this = session(Browser::Edge, System::Windows, 2, true);
        let others = [
            session(Browser::Safari, System::Iphone, 5, false),
            session(Browser::Chrome, System::AndroidTablet, 9, false),
            session(Browser::Other, System::Other, 11, false),
        ];
        let school = HeldAt {
            function: Function::IctCoordinator(portal_frame::samples::school_id()),
            place: Some("Basisschool De Zandloper".to_owned()),
        };
        let method = Text { nl: "Wachtwoord en een code".to_owned(), en: "Password and a code".to_owned() };
        let sample = |method: Option<Text>, functions, sessions| Self {
            frame: frame.clone(),
            issuers_page: method.as_ref().map(|_| "https://issuer.example/account/".to_owned()),
            method,
            signed_in_at: frame.now - TimeDelta::hours(2),
            functions,
            sessions,
        };
        let all = [vec![this.clone()], others.to_vec()].concat();
        vec![
            sample(Some(method), vec![school, HeldAt { function: Function::Responder, place: None }], all),
            sample(None, Vec::new(), vec![this]),
        ]
    }
}
