//! What is said after an act on incidents.

portal_frame::messages! {
    ASSIGNED "toegewezen" { "Dit incident is aan u toegewezen." "This incident is assigned to you." }
    GIVEN_BACK "teruggegeven" { "Dit incident is niet meer toegewezen." "This incident is no longer assigned." }
    PHASE_CHANGED "fase" { "De fase is gewijzigd." "The phase has changed." }
    NOTED "notitie" { "Uw notitie staat in de tijdlijn." "Your note is in the timeline." }
    CLOSED "gesloten" { "Dit incident is afgesloten." "This incident is closed." }
    REOPENED "heropend" { "Dit incident is heropend." "This incident is reopened." }
    NOTHING_CHOSEN "niets-gekozen" { "Kies eerst een of meer incidenten in de lijst." "Choose one or more incidents in the list first." }
    ALL_TAKEN "alle" { "De gekozen incidenten zijn aan u toegewezen." "The chosen incidents are assigned to you." }
    SOME_TAKEN "enkele" { "Niet alle incidenten zijn aan u toegewezen. Iemand anders was sneller, of het lukte niet." "Not all incidents are assigned to you. Somebody else was faster, or it did not work." }
    ALL_CLOSED "alle-gesloten" { "De gekozen incidenten zijn afgesloten." "The chosen incidents are closed." }
    SOME_CLOSED "enkele-gesloten" { "Niet alle incidenten zijn afgesloten. Wat intussen wijzigde of niet lukte, staat nog in de lijst." "Not all incidents are closed. What changed in the meantime or did not work is still in the list." }
}
