//! Mails to people: in Dutch, then in English, since nobody has chosen a language yet.

use auth::{Function, Role};
use chrono::{DateTime, Utc};
use chrono_tz::Europe::Brussels;
use runtime::without_hidden;
use url::Url;

use super::{Answer, Invitation, Secret};

/// A mail to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
}

/// Asks somebody to take a function: `place` is what its place is called, `None` for the platform.
pub fn invitation(invitation: &Invitation, place: Option<&str>, portal: &Url, token: &Secret) -> Letter {
    let (dutch, english) = names(invitation.function);
    let (at, of) = place.map_or_else(Default::default, |place| {
        let place = without_hidden(place);
        (format!(" van {place}"), format!(" of {place}"))
    });
    let until = |now: DateTime<Utc>| now.with_timezone(&Brussels).format("%d/%m/%Y").to_string();
    let expires = match &invitation.answer {
        Answer::Awaited { expires, .. } => until(*expires),
        Answer::Accepted { .. } | Answer::Withdrawn => String::new(),
    };
    let link = format!("{portal}uitnodiging/{}", token.reveal());
    let subject = format!("Schildwacht: uitnodiging als {dutch}");
    let text = format!(
        "Goedendag,\n\n\
         U bent uitgenodigd om op Schildwacht te werken als {dutch}{at}.\n\n\
         Aanvaard de uitnodiging voor {expires}:\n{link}\n\n\
         Meld u daar aan zoals altijd. De link werkt een keer, en is alleen voor u: stuur hem niet door.\n\
         Verwacht u deze mail niet? Dan hoeft u niets te doen.\n\n\
         --\n\n\
         You are invited to work on Schildwacht as {english}{of}.\n\
         Accept with the link above before {expires}. It works once and is for you alone: do not forward it.\n\
         If you do not expect this mail, you need not do anything.\n"
    );
    Letter { subject, text }
}

/// A function in Dutch and in English, in a sentence.
fn names(function: Function) -> (&'static str, &'static str) {
    match Role::from(function) {
        Role::Responder => ("lid van het responsteam", "member of the response team"),
        Role::ResponseLead => ("leiding van het responsteam", "lead of the response team"),
        Role::Operator => ("lid van het platformteam", "member of the platform team"),
        Role::Reviewer => ("beoordelaar", "reviewer"),
        Role::Editor => ("redacteur", "editor"),
        Role::BoardMember => ("bestuurslid", "board member"),
        Role::Dpo => ("functionaris voor gegevensbescherming (DPO)", "data protection officer (DPO)"),
        Role::Director => ("directeur", "head teacher"),
        Role::IctCoordinator => ("ICT-coördinator", "ICT coordinator"),
        Role::Teacher => ("leerkracht", "teacher"),
        Role::VendorContact => ("contactpersoon", "contact"),
        Role::Pupil => ("leerling", "pupil"),
        Role::Parent => ("ouder", "parent"),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::SecretHash;

    #[test]
    fn an_invitation_says_to_what_where_and_until_when() {
        let function = Function::IctCoordinator(Uuid::from_u128(1).into());
        let asked = ("bram@zandloper.example".try_into().unwrap(), function, None);
        let now = "2026-11-29T23:30:00Z".parse().unwrap();
        let (invited, _) = Invitation::invite(Uuid::from_u128(2).into(), asked, "person:1".to_owned(), SecretHash::of("token"), now);
        let token = Secret::generate().unwrap();
        let portal = "https://schildwacht.example/".parse().unwrap();
        let letter = invitation(&invited, Some("Basisschool De Zandloper"), &portal, &token);
        assert_eq!(letter.subject, "Schildwacht: uitnodiging als ICT-coördinator");
        assert!(letter.text.contains(&format!("https://schildwacht.example/uitnodiging/{}\n", token.reveal())), "{}", letter.text);
        assert_eq!(letter.text.matches("07/12/2026").count(), 2, "half past midnight in Brussels: {}", letter.text);
        assert!(letter.text.contains("ICT coordinator of Basisschool De Zandloper"), "{}", letter.text);
    }
}
