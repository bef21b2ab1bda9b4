//! What is said after an act on contacts, people or checks.

portal_frame::messages! {
    VENDOR_REGISTERED "leverancier-aangemeld" { "We stuurden een mail met een link naar het adres dat u gaf. Open die link om verder te gaan." "We sent a mail with a link to the address that you gave. Open that link to go on." }
    VENDOR_ADDED "leverancier-toegevoegd" { "De leverancier is toegevoegd." "The vendor has been added." }
    VENDOR_CHANGED "leverancier-gewijzigd" { "De gegevens zijn gewijzigd." "The details have been changed." }
    SCHOOL_CONFIRMED "school-bevestigd" { "De school is bevestigd, voor een jaar." "The school has been confirmed, for a year." }
    RECORD_ISSUED "record-gevraagd" { "Zet het nieuwe record in de DNS van uw domein." "Put the new record into the DNS of your domain." }
    DOMAIN_LOOKED_AT "domein-nagekeken" { "We hebben gekeken. Het resultaat staat onderaan." "We have looked. The result is at the bottom." }
    COMPANY_CHECKED "kbo-nagekeken" { "De controle is bewaard." "The check has been saved." }
    OVERRIDE_PROPOSED "uitzondering-voorgesteld" { "De uitzondering is voorgesteld. Een collega moet ze goedkeuren." "The exception has been proposed. A colleague has to agree." }
    OVERRIDE_AGREED "uitzondering-goedgekeurd" { "De uitzondering geldt vanaf nu." "The exception counts from now on." }
    OVERRIDE_ENDED "uitzondering-gestopt" { "De uitzondering is gestopt." "The exception has ended." }
    CONTACT_ADDED "contact-toegevoegd" { "Het contact is toegevoegd." "The contact has been added." }
    CONTACT_CHANGED "contact-gewijzigd" { "Het contact is gewijzigd." "The contact has been changed." }
    CONTACT_REMOVED "contact-verwijderd" { "Het contact is verwijderd." "The contact has been removed." }
    FUNCTION_CONFIRMED "functie-bevestigd" { "De functie is bevestigd, voor een jaar." "The function has been confirmed, for a year." }
    FUNCTION_ENDED "functie-gestopt" { "Het einde van de functie is bewaard." "The end of the function has been saved." }
    INVITATION_SENT "uitgenodigd" { "De uitnodiging is verstuurd." "The invitation has been sent." }
    INVITATION_RESENT "opnieuw-uitgenodigd" { "Er is een nieuwe link verstuurd. De vorige werkt niet meer." "A new link has been sent. The one before no longer works." }
    INVITATION_WITHDRAWN "uitnodiging-ingetrokken" { "De uitnodiging is ingetrokken." "The invitation has been withdrawn." }
}
