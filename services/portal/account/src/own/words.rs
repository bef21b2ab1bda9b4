//! Words of the own account.

use portal_frame::{
    session::{Browser, Device, System},
    words,
};

words! {
    /// The words of the own account.
    pub(crate) AccountWords {
        title { "Uw account" "Your account" }
        lead { "Wie u bent voor Schildwacht, en waar u aangemeld bent." "Who you are to Schildwacht, and where you are signed in." }
        sign_in { "Zo bent u aangemeld" "How you are signed in" }
        name { "Naam" "Name" }
        method { "Aangemeld met" "Signed in with" }
        method_unknown { "een manier die Schildwacht niet kent" "a way that Schildwacht does not know" }
        at { "Sinds" "Since" }
        issuers_page { "Verander uw wachtwoord, of stel een passkey in" "Change your password, or set up a passkey" }
        again { "Soms vragen we u om opnieuw aan te melden, bijvoorbeeld voor een export. Dat geldt dan alleen in deze browser." "Sometimes we ask you to sign in again, for an export for example. That then counts in this browser only." }
        functions { "Uw functies" "Your functions" }
        functions_none { "U hebt nog geen functie in Schildwacht. Vraag ze aan de lokale beheerder (Gebruikersbeheer)." "You have no function in Schildwacht yet. Ask your local user administrator for one." }
        sessions { "Waar u aangemeld bent" "Where you are signed in" }
        sessions_lead { "Herkent u een toestel niet? Meld het af en verander uw wachtwoord." "Is there a device that you do not recognise? Sign it out and change your password." }
        sessions_none { "U bent alleen hier aangemeld." "You are signed in here only." }
        device { "Toestel" "Device" }
        since { "Aangemeld" "Signed in" }
        last_seen { "Laatst gebruikt" "Last used" }
        act { "Acties" "Actions" }
        this_one { "deze browser" "this browser" }
        end { "Meld af" "Sign out" }
        end_others { "Meld alle andere toestellen af" "Sign out all other devices" }

        browser_on(browser, system) { "{browser} op {system}" "{browser} on {system}" }
        iphone { "iPhone" "iPhone" }
        ipad { "iPad" "iPad" }
        android_phone { "Android-telefoon" "Android phone" }
        android_tablet { "Android-tablet" "Android tablet" }
        chromebook { "Chromebook" "Chromebook" }
        windows { "Windows" "Windows" }
        mac { "Mac" "Mac" }
        linux { "Linux" "Linux" }
        unknown { "Onbekend toestel" "Unknown device" }
    }
}

impl AccountWords {
    /// `Chrome op Windows`.
    pub(crate) fn device_name(self, Device { browser, system }: Device) -> String {
        match (self.browser(browser), self.system(system)) {
            (Some(browser), Some(system)) => self.browser_on(browser, system),
            (Some(alone), None) | (None, Some(alone)) => alone.to_owned(),
            (None, None) => self.unknown().to_owned(),
        }
    }

    const fn browser(self, browser: Browser) -> Option<&'static str> {
        Some(match browser {
            Browser::Edge => "Edge",
            Browser::Opera => "Opera",
            Browser::SamsungInternet => "Samsung Internet",
            Browser::Firefox => "Firefox",
            Browser::Chrome => "Chrome",
            Browser::Safari => "Safari",
            Browser::Other => return None,
        })
    }

    const fn system(self, system: System) -> Option<&'static str> {
        Some(match system {
            System::Iphone => self.iphone(),
            System::Ipad => self.ipad(),
            System::AndroidPhone => self.android_phone(),
            System::AndroidTablet => self.android_tablet(),
            System::Chromebook => self.chromebook(),
            System::Windows => self.windows(),
            System::Mac => self.mac(),
            System::Linux => self.linux(),
            System::Other => return None,
        })
    }
}
