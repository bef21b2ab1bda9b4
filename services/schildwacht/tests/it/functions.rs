//! Functions that somebody is given by a link in a mail, and that are taken away.

use std::time::Instant;

use proto::identity::v1::{
    AcceptInvitationRequest, Appointment, CreateInvitationRequest, EndAppointmentRequest, GetSchoolRequest,
    appointment_service_client::AppointmentServiceClient, invitation_service_client::InvitationServiceClient,
};
use testkit::eventually;
use tonic::{Code, transport::Channel};

use crate::{people::Person, town::Town};

impl Person {
    fn invitations(&self) -> InvitationServiceClient<Channel> {
        InvitationServiceClient::new(self.channel())
    }

    fn appointments(&self) -> AppointmentServiceClient<Channel> {
        AppointmentServiceClient::new(self.channel())
    }

    /// What each service answers about a school.
    async fn sees(&self, school: &str) -> [Result<(), Code>; 3] {
        let ask = GetSchoolRequest { school_id: school.to_owned() };
        let identity = self.organisations().get_school(self.asks(ask)).await.map(drop).map_err(|refused| refused.code());
        let monitor = self.devices_of(school).await.map(drop).map_err(|refused| refused.code());
        let intake = self.cases_of(school).await.map(drop).map_err(|refused| refused.code());
        [identity, monitor, intake]
    }
}

impl Town {
    /// The token of the link in the mail to this address.
    async fn link_for(&self, email: &str) -> String {
        let folder = self.mail_folder();
        eventually("a mail with a link", async || {
            let files = std::fs::read_dir(&folder).ok()?.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok());
            let text = files.into_iter().find(|text| text.contains(email))?.replace("=\r\n", "");
            Some(text.split("uitnodiging/").nth(1)?.lines().next()?.trim().to_owned())
        })
        .await
    }

    /// Somebody takes a function by the link in the mail.
    async fn give(&self, operator: &Person, person: &Person, function: &str, email: &str) -> Appointment {
        let ask = CreateInvitationRequest { email: email.to_owned(), function: function.to_owned(), ..Default::default() };
        operator.invitations().create_invitation(operator.asks(ask)).await.unwrap();
        let accept = AcceptInvitationRequest { token: self.link_for(email).await };
        person.invitations().accept_invitation(person.asks(accept)).await.unwrap().into_inner()
    }
}

crate::in_both_columns! {
    async fn a_function_that_has_ended_opens_nothing_in_any_service_within_a_minute(town: Arc<Town>) {
        let school = town.school("990106").await.id;
        let (operator, karim) = (town.sign_in("bram").await, town.sign_in("karim").await);
        assert_eq!(karim.sees(&school).await, [Err(Code::NotFound); 3]);

        let function = format!("director@{school}");
        let given = town.give(&operator, &karim, &function, "karim@elders.example").await;
        let began = Instant::now();
        eventually("all services know of it", async || (karim.sees(&school).await == [Ok(()); 3]).then_some(())).await;
        println!("given: known to all services after {} ms", began.elapsed().as_millis());

        let end = EndAppointmentRequest { appointment_id: given.appointment_id, etag: given.etag, ..Default::default() };
        operator.appointments().end_appointment(operator.asks(end)).await.unwrap();
        let began = Instant::now();
        // The wait is a minute, and so is the promise.
        eventually("all services refuse", async || (karim.sees(&school).await == [Err(Code::NotFound); 3]).then_some(())).await;
        println!("ended: refused by all services after {} ms", began.elapsed().as_millis());
    }
}
