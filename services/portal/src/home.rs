//! The start page, which is another one for everybody.

use axum::{
    extract::RawQuery,
    response::{IntoResponse as _, Redirect, Response},
};
use portal_frame::{Around, Failure, Posted, SignInFailure, respond::page};

use crate::sign_in::{SIGNED_OUT, SignedOutPage};

/// `GET /`: to where the work is. The issuer sends people here when it has signed them out.
pub(crate) async fn home(around: Around, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    if around.signed_in()?.is_some() {
        let home = around.frame("")?.start().ok_or(Failure::SignInFailed(SignInFailure::NoFunction))?;
        return Ok(Redirect::to(&home).into_response());
    }
    let has_signed_out = query.is_some_and(|query| url::form_urlencoded::parse(query.as_bytes()).any(|pair| pair.1 == SIGNED_OUT));
    if has_signed_out {
        return page(&SignedOutPage { frame: around.frame("")? });
    }
    Ok(Redirect::to("/aanmelden").into_response())
}

/// `POST /organisatie`: looks at one of several organisations from now on.
pub(crate) async fn choose(Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    visit.around.portal.sessions.choose(&visit.session, fields.text("organisatie")).await?;
    Ok(Redirect::to("/").into_response())
}

#[cfg(test)]
mod tests {
    use auth::Function;
    use portal_frame::{Language, samples};
    use runtime::{Ids, SchoolId, VendorId};

    #[test]
    fn everybody_starts_where_the_work_is() {
        let ids = Ids::counted();
        let (school, another): (SchoolId, SchoolId) = (ids.next(), ids.next());
        let home = |functions: &[Function]| {
            let visitor = samples::visitor(functions.to_vec()).unwrap();
            let frame = portal_frame::Frame { areas: crate::AREAS, ..samples::frame(Language::Dutch, Some(visitor)) };
            frame.start()
        };
        assert_eq!(home(&[Function::Responder]).unwrap(), "/wachtrij");
        assert_eq!(home(&[Function::ResponseLead]).unwrap(), "/wachtrij");
        assert_eq!(home(&[Function::Operator]).unwrap(), "/gateways");
        assert_eq!(home(&[Function::Director(school)]).unwrap(), format!("/scholen/{school}/toestellen"));
        assert_eq!(home(&[Function::Director(school), Function::Director(another)]).unwrap(), "/scholen");
        assert_eq!(home(&[Function::IctCoordinator(school), Function::Responder]).unwrap(), "/wachtrij");
        let incidents = format!("/scholen/{}/incidenten", samples::school_id());
        assert_eq!(home(&[Function::Dpo(samples::board_id())]).unwrap(), incidents);
        assert_eq!(home(&[Function::BoardMember(samples::board_id())]).unwrap(), incidents);
        for who_has_no_work_here in [Function::Teacher(school), Function::Pupil, Function::Parent] {
            assert_eq!(home(&[who_has_no_work_here]).unwrap(), "/mijn-toegang");
        }
        assert_eq!(home(&[Function::Reviewer]).unwrap(), "/aanmeldingen");
        let vendor: VendorId = ids.next();
        assert_eq!(home(&[Function::VendorContact(vendor)]).unwrap(), format!("/leveranciers/{vendor}"));
        assert_eq!(home(&[]), None);
    }
}
