//! The message itself: its headers are ours alone, whatever names and subjects hold.

use runtime::{Line, Words};
use schildwacht_mail::{Mail, Recipient};
use testkit::{Store, TestDatabase};

use crate::{
    server::Received,
    world::{World, mail_to},
};

const HEADERS: [&str; 8] = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Transfer-Encoding"];

async fn sent(mail: &Mail) -> Received {
    let world = World::new(TestDatabase::new(Store::Sqlite).await.unwrap()).await;
    world.queue(mail).await;
    world.send_all(&world.sender()).await;
    world.server.accepted().remove(0)
}

fn names(received: &Received) -> Vec<String> {
    let mut names: Vec<_> = received.headers().into_iter().map(|(name, _)| name).filter(|name| name != "Content-Type").collect();
    names.sort_unstable();
    names
}

fn expected(but: &str) -> Vec<String> {
    let mut names: Vec<_> = HEADERS.into_iter().filter(|name| *name != but).map(str::to_owned).collect();
    names.sort_unstable();
    names
}

#[test]
fn no_line_break_gets_into_a_name_or_a_subject() {
    for injected in
        ["Jan\r\nBcc: all@school.example", "Jan\nBcc: a@b.example", "Jan\rBcc: a@b.example", "Jan\u{85}Bcc: a@b.example", "Jan\0"]
    {
        assert!(Line::<100>::parse(injected).is_err() && Line::<200>::parse(injected).is_err(), "{injected:?}");
    }
}

#[tokio::test]
async fn names_and_subjects_cannot_add_headers_or_recipients() {
    for text in [
        "Jan, an@school.example",
        "Jan <an@school.example>",
        "\" <an@school.example>, \"",
        "Jan\u{2028}Bcc: an@school.example",
        "=?utf-8?q?Jan=0D=0ABcc:_an@school.example?=",
        "Zoë \\\" <an@school.example> ",
        "Bcc: an@school.example",
        &"lang é ".repeat(14),
    ] {
        let to = Recipient::new(Some(Line::parse(text).unwrap()), "jan@school.example").unwrap();
        let received = sent(&Mail { to, subject: Line::parse(text).unwrap(), ..mail_to("jan@school.example") }).await;
        assert_eq!(received.to, ["jan@school.example"], "{text}");
        assert_eq!(names(&received), expected(""), "{text}: {}", received.message);
        let (head, _) = received.message.split_once("\r\n\r\n").unwrap();
        assert!(head.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])), "{head}");
    }
}

#[tokio::test]
async fn a_mail_says_what_it_is_and_holds_its_text_line_by_line() {
    let received = sent(&mail_to("jan@school.example")).await;
    assert_eq!(received.header("From").as_deref(), Some("Schildwacht <schildwacht@example.org>"));
    assert_eq!(received.header("To").as_deref(), Some("\"Jan Peeters\" <jan@school.example>"));
    assert_eq!(received.header("Subject").as_deref(), Some("Uitnodiging"));
    assert_eq!(received.header("Date").as_deref(), Some("Thu, 24 Sep 2026 09:50:00 +0000"));
    assert_eq!(received.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    // A line with a dot alone does not end the mail.
    assert!(received.message.contains("uitgenodigd.\r\n.\r\nhttps://"), "{}", received.message);
}

#[tokio::test]
async fn a_mail_with_html_has_both_and_the_text_comes_first() {
    let html = Some(Words::parse("<p>U bent <b>uitgenodigd</b>.</p>").unwrap());
    let received = sent(&Mail { html, ..mail_to("jan@school.example") }).await;
    assert!(received.header("Content-Type").unwrap().starts_with("multipart/alternative"));
    assert_eq!(names(&received), expected("Content-Transfer-Encoding"));
    let (text, html) = (received.message.find("text/plain").unwrap(), received.message.find("text/html").unwrap());
    assert!(text < html && received.message.contains("<b>uitgenodigd</b>"));
}
