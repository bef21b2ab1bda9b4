//! A surer or a more recent sign-in that a service asks for ([`StepUp`]), in the address where the sign-in begins.

use std::time::Duration;

use runtime::StepUp;

/// Where a sign-in begins that does what is asked and leads back to a page.
pub(crate) fn sign_in_address(asked: &StepUp, back: &str) -> String {
    let mut question = url::form_urlencoded::Serializer::new(String::new());
    question.append_pair("terug", back).append_pair("acr", &asked.acr_values.join(" "));
    question.extend_pairs(asked.max_age.map(|max_age| ("seconden", max_age.as_secs().to_string())));
    format!("/aanmelden?{}", question.finish())
}

/// What the address of a sign-in asks for. Anybody can write one: it asks the issuer for more, and what counts is what the services
/// make of the outcome.
pub fn of_address(acr_values: &str, seconds: &str) -> Option<StepUp> {
    let is_sound =
        acr_values.len() <= StepUp::MOST_ACR_BYTES && acr_values.chars().all(|letter| letter == ' ' || letter.is_ascii_graphic());
    let acr_values: Vec<String> = acr_values.split_whitespace().map(ToOwned::to_owned).collect();
    (!acr_values.is_empty() && is_sound).then(|| StepUp { acr_values, max_age: seconds.parse().ok().map(Duration::from_secs) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Fields;

    fn read(question: &str) -> Option<StepUp> {
        let fields = Fields::of_address(question);
        of_address(fields.text("acr"), fields.text("seconden"))
    }

    #[test]
    fn what_a_service_asks_for_reaches_the_sign_in() {
        let asked = StepUp { acr_values: vec!["urn:a".to_owned(), "urn:b".to_owned()], max_age: Some(Duration::from_secs(300)) };
        let address = sign_in_address(&asked, "/zaken/7?bewijs=2");
        assert_eq!(address, "/aanmelden?terug=%2Fzaken%2F7%3Fbewijs%3D2&acr=urn%3Aa+urn%3Ab&seconden=300");
        assert_eq!(read(address.split_once('?').unwrap().1), Some(asked));
    }

    #[test]
    fn an_address_that_asks_for_nothing_sensible_asks_for_nothing() {
        let too_long = format!("acr={}", "a".repeat(StepUp::MOST_ACR_BYTES + 1));
        for question in ["", "acr=", "acr=%0d%0a", "acr=%C3%A9", &too_long] {
            assert_eq!(read(question), None, "{question}");
        }
    }
}
