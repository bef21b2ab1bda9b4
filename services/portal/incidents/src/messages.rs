//! What is said after an act on incidents.

portal_frame::messages! {
    ASSIGNED "toegewezen" { "De zaak staat op uw naam." "The case is yours." }
    GIVEN_BACK "teruggegeven" { "De zaak is weer vrij." "The case is free again." }
    PHASE_CHANGED "fase" { "De fase is gewijzigd." "The phase has changed." }
    NOTED "notitie" { "Uw notitie staat in de tijdlijn." "Your note is in the timeline." }
    CLOSED "gesloten" { "De zaak is gesloten." "The case is closed." }
    REOPENED "heropend" { "De zaak is weer open." "The case is open again." }
    ALL_TAKEN "alle" { "De gekozen zaken staan op uw naam." "The chosen cases are yours." }
    SOME_TAKEN "enkele" { "Niet alle zaken staan op uw naam. Iemand anders was sneller, of het lukte niet." "Not all cases are yours. Somebody else was faster, or it did not work." }
    ALL_CLOSED "alle-gesloten" { "De gekozen zaken zijn gesloten." "The chosen cases are closed." }
    SOME_CLOSED "enkele-gesloten" { "Niet alle zaken zijn gesloten. Wat intussen wijzigde of niet lukte, staat nog in de lijst." "Not all cases are closed. What changed in the meantime or did not work is still in the list." }
}
