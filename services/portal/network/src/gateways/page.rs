//! The gateways: which there are, a new one, a new secret, the end of one.

use askama::Template;

use portal_frame::{
    Frame,
    list::{Paging, PlainQuery},
    mark::Icon,
    samples::Page,
    school::School,
};

use super::{
    view::{Contact, Gateway, GatewayState},
    words::GatewayWords,
};

/// Where the agents' pages (`docs/sensors`) look for what the code gave.
const FILE: &str = "/etc/schildwacht/gateway.env";

/// The gateways a visitor may see.
#[derive(Template)]
#[template(path = "gateways/page.html")]
pub(crate) struct GatewaysPage {
    pub(crate) frame: Frame,
    pub(crate) query: PlainQuery,
    pub(crate) gateways: Vec<GatewayRow>,
    pub(crate) paging: Paging,
    /// Whether this visitor may enrol, at any school at all.
    pub(crate) may_enrol: bool,
    /// Whether network-monitor told when these last sent something.
    pub(crate) knows_contacts: bool,
}

/// A gateway with the name of its school and what may be done with it.
pub(crate) struct GatewayRow {
    pub(crate) gateway: Gateway,
    pub(crate) school_name: String,
    pub(crate) contact: Contact,
    pub(crate) may_rotate: bool,
    pub(crate) may_revoke: bool,
}

/// Finding the school of a new gateway: among all, or among one's own.
#[derive(Template)]
#[template(path = "gateways/search.html")]
pub(crate) struct EnrolSearchPage {
    pub(crate) frame: Frame,
    /// Whether any school may be looked for.
    pub(crate) may_search: bool,
    pub(crate) search: String,
    /// What was found, or one's own; not asked yet where there is no search.
    pub(crate) schools: Vec<School>,
}

/// Naming a new gateway.
#[derive(Template)]
#[template(path = "gateways/enrol.html")]
pub(crate) struct EnrolPage {
    pub(crate) frame: Frame,
    pub(crate) school: School,
    pub(crate) name: String,
    pub(crate) name_error: Option<&'static str>,
    /// Makes sending twice enrol once.
    pub(crate) request_id: String,
    /// Whether another school can be chosen.
    pub(crate) may_choose_school: bool,
}

/// A code by which a gateway gets its secret, once.
#[derive(Template)]
#[template(path = "gateways/code.html")]
pub(crate) struct CodePage {
    pub(crate) frame: Frame,
    pub(crate) gateway: Gateway,
    /// None when the same request was sent before.
    pub(crate) code: Option<String>,
    /// Where the gateway takes its code: `https://schildwacht.example`.
    pub(crate) platform_url: String,
    /// Where it posts, if configured.
    pub(crate) sensors_url: Option<String>,
}

/// Asking whether to make a code for a new secret.
#[derive(Template)]
#[template(path = "gateways/rotate.html")]
pub(crate) struct RotatePage {
    pub(crate) frame: Frame,
    pub(crate) gateway: Gateway,
    pub(crate) school_name: String,
    /// Why it was not done: somebody else changed it meanwhile, or too many codes wait.
    pub(crate) trouble: Option<&'static str>,
}

/// Asking whether, and why, to end a gateway.
#[derive(Template)]
#[template(path = "gateways/revoke.html")]
pub(crate) struct RevokePage {
    pub(crate) frame: Frame,
    pub(crate) gateway: Gateway,
    pub(crate) school_name: String,
    pub(crate) reason: String,
    pub(crate) reason_error: Option<&'static str>,
    /// Whether the etag was out of date: somebody else changed it meanwhile.
    pub(crate) has_changed: bool,
}

impl GatewaysPage {
    const fn words(&self) -> GatewayWords {
        GatewayWords(self.frame.preferences.language)
    }

    /// Whether anything can be done with any of these.
    fn can_act(&self) -> bool {
        self.gateways.iter().any(|row| row.gateway.is_active() && (row.may_rotate || row.may_revoke))
    }
}

impl Page for GatewaysPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |question: &str, gateways, knows_contacts| {
            let query = PlainQuery::parse("/gateways", question);
            let paging = query.paging(frame.language(), "1–5".to_owned(), "next");
            Self { frame: frame.clone(), query, gateways, paging, may_enrol: true, knows_contacts }
        };
        let now = frame.now;
        let contacts = [Contact::Unknown, Contact::NotYet, Contact::Never, Contact::At(now), Contact::SilentSince(now)];
        let row = |(gateway, contact)| {
            let school_name = "Basisschool De Zandloper".to_owned();
            GatewayRow { gateway, school_name, contact, may_rotate: true, may_revoke: true }
        };
        let rows = Gateway::samples().into_iter().cycle().zip(contacts).map(row).collect();
        vec![
            sample("ook=voorbij", rows, true),
            sample("", Gateway::samples().map(|gateway| row((gateway, Contact::NotYet))).into(), false),
            sample("", Vec::new(), true),
        ]
    }
}

impl Page for EnrolSearchPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |search: &str, schools| Self { frame: frame.clone(), may_search: true, search: search.to_owned(), schools };
        vec![sample("", Vec::new()), sample("x", Vec::new()), sample("zand", vec![School::sample()])]
    }
}

impl Page for EnrolPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |name_error| Self {
            frame: frame.clone(),
            school: School::sample(),
            name: String::new(),
            name_error,
            request_id: "verzoek".to_owned(),
            may_choose_school: true,
        };
        vec![sample(None), sample(Some("Geef een naam"))]
    }
}

impl CodePage {
    /// For a machine without our program. The code is in no argument, which other users of the machine could read; the file is for root alone.
    fn curl(&self, code: &str) -> String {
        let url = format!("{}/gateways/enrol?format=env", self.platform_url);
        format!(
            "install -d /etc/schildwacht && (umask 077; touch {FILE} && chmod 600 {FILE} && printf 'code={code}' | curl -fsS --data @- -o {FILE} '{url}')"
        )
    }

    fn command(&self, code: &str) -> String {
        format!("schildwacht gateways redeem {code} --url {} --to {FILE}", self.platform_url)
    }
}

impl Page for CodePage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |code: Option<&str>, sensors_url: Option<&str>| {
            let [_, _, gateway] = Gateway::samples();
            let platform_url = "https://schildwacht.example".to_owned();
            Self { frame: frame.clone(), gateway, code: code.map(str::to_owned), platform_url, sensors_url: sensors_url.map(str::to_owned) }
        };
        vec![
            sample(Some("1f0c9a42-00000001-deadbeef-7a7a7a7a"), Some("https://ingest.example")),
            sample(Some("1f0c9a42"), None),
            sample(None, None),
        ]
    }
}

impl Page for RotatePage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let [gateway, ..] = Gateway::samples();
        [None, Some("Iemand anders wijzigde deze gateway")]
            .map(|trouble| Self { frame: frame.clone(), gateway: gateway.clone(), school_name: School::sample().name, trouble })
            .into()
    }
}

impl Page for RevokePage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let [gateway, ..] = Gateway::samples();
        let sample = |has_changed, reason_error| Self {
            frame: frame.clone(),
            gateway: gateway.clone(),
            school_name: School::sample().name,
            reason: String::new(),
            reason_error,
            has_changed,
        };
        vec![sample(false, None), sample(true, None), sample(false, Some("Geef een reden"))]
    }
}

macro_rules! with_words {
    ($($page:ty),+) => {
        $(impl $page {
            const fn words(&self) -> GatewayWords {
                GatewayWords(self.frame.preferences.language)
            }
        })+
    };
}

with_words!(EnrolSearchPage, EnrolPage, CodePage, RotatePage, RevokePage);
