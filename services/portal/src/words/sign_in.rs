//! Words of signing in and out.

use super::words;

words! {
    /// The words of signing in and out.
    SignInWords {
        title { "Aanmelden" "Sign in" }
        development_title { "Ontwikkelomgeving" "Development environment" }
        development_text { "Deze mensen en scholen zijn verzonnen. In het echt meldt u zich aan via de Vlaamse overheid." "These people and schools are made up. In real life you sign in through the Flemish government." }
        whose_eyes { "Met wiens ogen wilt u kijken?" "Whose eyes do you want to look through?" }
        whose_eyes_lead { "Kies iemand en zie wat die persoon ziet." "Choose somebody and see what that person sees." }
        go_on_as(name) { "Ga verder als {name}" "Continue as {name}" }

        failed_title { "Aanmelden is niet gelukt" "Signing in did not work" }
        failed_expired { "Het aanmelden duurde te lang of werd in een ander venster begonnen. Probeer het opnieuw." "Signing in took too long or was started in another window. Try again." }
        failed_refused { "De aanmelddienst liet u niet toe. Probeer het opnieuw. Lukt het weer niet, vraag dan hulp aan de ICT-coördinator van uw school." "The sign-in service did not let you in. Try again. If it fails again, ask the ICT coordinator of your school for help." }
        failed_unreachable { "De aanmelddienst antwoordt niet. Probeer het over een minuut opnieuw." "The sign-in service does not answer. Try again in a minute." }
        failed_no_function { "U bent aangemeld, maar u hebt hier nog geen functie. Vraag uw directeur om u toegang te geven." "You are signed in, but you have no function here yet. Ask your director to give you access." }
        try_again { "Probeer opnieuw" "Try again" }

        signed_out_title { "U bent afgemeld" "You are signed out" }
        signed_out_text { "Deelt u dit toestel met anderen? Sluit dan ook het venster." "Do you share this device with others? Then also close the window." }
        sign_in_again { "Meld u opnieuw aan" "Sign in again" }
    }
}
