//! The gateways: which there are, a new one, a new secret, the end of one.

use askama::Template;

use super::{Frame, Paging};
use crate::{
    address::PlainQuery,
    mark::Icon,
    view::{Contact, Gateway, GatewayState, School},
    words::GatewayWords,
};

/// The gateways a visitor may see.
#[derive(Template)]
#[template(path = "gateways.html")]
pub(crate) struct GatewaysPage {
    pub(crate) frame: Frame,
    pub(crate) query: PlainQuery,
    pub(crate) gateways: Vec<GatewayRow>,
    pub(crate) paging: Paging,
    /// Whether this visitor may enrol, at any school at all.
    pub(crate) may_enrol: bool,
    /// Whether it is known when these were last heard.
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
#[template(path = "gateway_search.html")]
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
#[template(path = "gateway_enrol.html")]
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

/// A secret, once.
#[derive(Template)]
#[template(path = "gateway_secret.html")]
pub(crate) struct SecretPage {
    pub(crate) frame: Frame,
    pub(crate) gateway: Gateway,
    /// None when the same request was sent before.
    pub(crate) secret: Option<String>,
    /// Where it posts, if this portal was told.
    pub(crate) sensors_url: Option<String>,
    /// Where it gets its tokens; unknown while the issuer was never reached.
    pub(crate) token_url: Option<String>,
}

/// Asking whether to make a new secret.
#[derive(Template)]
#[template(path = "gateway_rotate.html")]
pub(crate) struct RotatePage {
    pub(crate) frame: Frame,
    pub(crate) gateway: Gateway,
    /// Whether somebody else changed it since it was last seen.
    pub(crate) has_changed: bool,
}

/// Asking whether, and why, to end a gateway.
#[derive(Template)]
#[template(path = "gateway_revoke.html")]
pub(crate) struct RevokePage {
    pub(crate) frame: Frame,
    pub(crate) gateway: Gateway,
    pub(crate) reason: String,
    pub(crate) reason_error: Option<&'static str>,
    /// Whether somebody else changed it since it was last seen.
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

impl EnrolSearchPage {
    const fn words(&self) -> GatewayWords {
        GatewayWords(self.frame.preferences.language)
    }
}

impl EnrolPage {
    const fn words(&self) -> GatewayWords {
        GatewayWords(self.frame.preferences.language)
    }
}

impl SecretPage {
    const fn words(&self) -> GatewayWords {
        GatewayWords(self.frame.preferences.language)
    }
}

impl RotatePage {
    const fn words(&self) -> GatewayWords {
        GatewayWords(self.frame.preferences.language)
    }
}

impl RevokePage {
    const fn words(&self) -> GatewayWords {
        GatewayWords(self.frame.preferences.language)
    }
}
