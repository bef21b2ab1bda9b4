//! Words of signing in and out.

use portal_frame::words;

words! {
    /// The words of signing in and out.
    pub(crate) SignInWords {
        title { "Aanmelden" "Sign in" }
        development_title { "Ontwikkelomgeving" "Development environment" }
        development_text { "Deze mensen en scholen zijn verzonnen. In het echt meldt u zich aan via de Vlaamse overheid." "These people and schools are made up. In real life you sign in through the Flemish government." }
        whose_eyes { "Met wiens ogen wilt u kijken?" "Whose eyes do you want to look through?" }
        whose_eyes_lead { "Kies iemand en zie wat die persoon ziet." "Choose somebody and see what that person sees." }
        go_on_as(name) { "Ga verder als {name}" "Continue as {name}" }

        signed_out_title { "U bent afgemeld" "You are signed out" }
        signed_out_text { "Deelt u dit toestel met anderen? Sluit dan ook het venster." "Do you share this device with others? Then also close the window." }
        go_on_title { "Nog één stap" "One more step" }
        go_on_text { "U bent opnieuw aangemeld. Wat u invulde, is bewaard, maar nog niet verstuurd." "You have signed in again. What you filled in is kept, but has not been sent yet." }
        go_on { "Versturen" "Send it" }
        go_back { "Terug zonder versturen" "Back without sending it" }
        go_on_written { "Dit vulde u in" "This is what you filled in" }

        sign_in_again { "Opnieuw aanmelden" "Sign in again" }
    }
}
