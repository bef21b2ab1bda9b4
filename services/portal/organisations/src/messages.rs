//! What is said after an act on contacts.

portal_frame::messages! {
    CONTACT_ADDED "contact-toegevoegd" { "Het contact is toegevoegd." "The contact has been added." }
    CONTACT_CHANGED "contact-gewijzigd" { "Het contact is gewijzigd." "The contact has been changed." }
    CONTACT_REMOVED "contact-verwijderd" { "Het contact is verwijderd." "The contact has been removed." }
}
