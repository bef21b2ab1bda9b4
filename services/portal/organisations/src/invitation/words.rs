//! Words of an invitation's link.

use portal_frame::words;

words! {
    /// The words of taking a function.
    pub(crate) InvitationWords {
        title { "U bent uitgenodigd" "You are invited" }
        lead { "Aanvaard de uitnodiging om met deze functie in Schildwacht te werken." "Accept the invitation to work in Schildwacht with this function." }
        function { "Functie" "Function" }
        school { "School" "School" }
        until { "Tot en met" "Until and including" }
        sent_to { "Verstuurd naar" "Sent to" }
        another_account(name) { "De functie komt op naam van {name}. Bent u dat niet? Meld u eerst af." "The function will be that of {name}. Is that not you? Sign out first." }
        accept { "Aanvaard de uitnodiging" "Accept the invitation" }
        to_start { "Naar uw startpagina" "To your start page" }

        accepted_title { "U hebt de uitnodiging aanvaard" "You have accepted the invitation" }
        accepted_text { "De functie is van u. Het kan een minuut duren voor u alles ziet." "The function is yours. It may take a minute before you see everything." }
        accepted_button { "Begin" "Begin" }

        bad_link_title { "Deze link werkt niet" "This link does not work" }
        bad_link_text { "De uitnodiging is al gebruikt, ingetrokken of verlopen. Of er kwam een nieuwe link." "The invitation was already used, was withdrawn or has expired. Or there is a newer link." }
        bad_link_do { "Kijk of u een latere mail kreeg. Vraag anders een nieuwe uitnodiging aan wie u uitnodigde." "Check whether you received a later mail. Otherwise ask who invited you for a new invitation." }
    }
}
