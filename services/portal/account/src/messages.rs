//! What is said after sessions were ended, and about erasures.

portal_frame::messages! {
    SIGNED_OUT_THERE "daar-afgemeld" { "Dat toestel is afgemeld." "That device is signed out." }
    SIGNED_OUT_ELSEWHERE "elders-afgemeld" { "Alle andere toestellen zijn afgemeld." "All other devices are signed out." }
    SESSIONS_ENDED "sessies-beeindigd" { "Alle sessies van die persoon zijn beëindigd." "All sessions of that person have ended." }
    ERASURE_PROPOSED "wissen-voorgesteld" { "Het voorstel wacht op een collega." "The proposal waits for a colleague." }
    ERASURE_WITHDRAWN "wissen-ingetrokken" { "Het voorstel is ingetrokken." "The proposal is withdrawn." }
    ERASED_SESSIONS_STAY "gewist-niet-afgemeld" { "De persoon is gewist, maar niet overal afgemeld. Meld de persoon hier af, met het id uit het voorstel." "The person is erased, but not signed out everywhere. Sign them out here, with the id of the proposal." }
    PERSON_ERASED "persoon-gewist" { "De persoon is gewist en overal afgemeld." "The person is erased and signed out everywhere." }
}
