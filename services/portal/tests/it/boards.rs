//! What people of a school board see: members and the DPO of the board that is the controller of its schools' data.

use crate::support::{
    Town,
    people::{self, board},
    sample::{CASE_IN_HAND, HOEK, MERELHOF, ZANDLOPER},
};

#[tokio::test]
async fn a_dpo_sees_the_incidents_of_the_boards_only_school_and_not_its_devices() {
    let town = Town::new().await;
    town.place(ZANDLOPER, board(1));
    let mut dpo = town.browser_of(&people::dpo_of(board(1))).await;

    let start = dpo.follow("/").await.text;
    assert!(start.contains("Basisschool De Zandloper") && start.contains(&format!("/zaken/{CASE_IN_HAND}")), "{start}");
    assert!(start.contains(&format!("href=\"/scholen/{ZANDLOPER}/incidenten\"")), "the menu leads to the incidents");
    assert!(!start.contains("/toestellen"), "what the DPO may not see is not offered");
    let case = dpo.get(&format!("/zaken/{CASE_IN_HAND}")).await;
    assert_eq!(case.status, 200, "{}", case.text);
    assert!(case.text.contains("alleen voor de school en het responsteam") && !case.text.contains("10.20.4.37"), "{}", case.text);
    assert_eq!(dpo.get(&format!("/scholen/{ZANDLOPER}/toestellen")).await.status, 403);
    assert_eq!(dpo.get(&format!("/scholen/{HOEK}/incidenten")).await.status, 404, "another board's school");
}

#[tokio::test]
async fn a_board_member_chooses_among_the_schools_of_the_board() {
    let town = Town::new().await;
    for school in [HOEK, MERELHOF] {
        town.place(school, board(2));
    }
    let mut member = town.browser_of(&people::board_member_of(board(2))).await;
    let start = member.follow("/").await.text;
    for school in [HOEK, MERELHOF] {
        assert!(start.contains(&format!("/scholen/{school}/incidenten")), "{start}");
    }
    assert!(!start.contains("/toestellen"), "{start}");
}
