//! What is said after an act on contacts or people.

portal_frame::messages! {
    CONTACT_ADDED "contact-toegevoegd" { "Het contact is toegevoegd." "The contact has been added." }
    CONTACT_CHANGED "contact-gewijzigd" { "Het contact is gewijzigd." "The contact has been changed." }
    CONTACT_REMOVED "contact-verwijderd" { "Het contact is verwijderd." "The contact has been removed." }
    FUNCTION_CONFIRMED "functie-bevestigd" { "De functie is bevestigd, voor een jaar." "The function has been confirmed, for a year." }
    FUNCTION_ENDED "functie-gestopt" { "Het einde van de functie is bewaard." "The end of the function has been saved." }
    INVITATION_SENT "uitgenodigd" { "De uitnodiging is verstuurd." "The invitation has been sent." }
    INVITATION_RESENT "opnieuw-uitgenodigd" { "Er is een nieuwe link verstuurd. De vorige werkt niet meer." "A new link has been sent. The one before no longer works." }
    INVITATION_WITHDRAWN "uitnodiging-ingetrokken" { "De uitnodiging is ingetrokken." "The invitation has been withdrawn." }
}
