//! With what somebody signed in, as far as one recognises one's own device by it.
//!
//! Of what a browser says of itself, only its kind and that of the system are true for long: versions are frozen, and models left out.
//! So this is a table, and nothing more is kept.

use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};

/// A browser on a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    pub browser: Browser,
    pub system: System,
}

/// A kind of browser. What a newer release keeps is something else here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Browser {
    Edge,
    Opera,
    SamsungInternet,
    Firefox,
    Chrome,
    Safari,
    #[default]
    #[serde(other)]
    Other,
}

/// A kind of device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    Iphone,
    Ipad,
    AndroidPhone,
    AndroidTablet,
    Chromebook,
    Windows,
    Mac,
    Linux,
    #[default]
    #[serde(other)]
    Other,
}

/// The first that is named: most browsers also name those that they are to be taken for.
const BROWSERS: [(&str, Browser); 11] = [
    ("Edg/", Browser::Edge),
    ("EdgA/", Browser::Edge),
    ("EdgiOS/", Browser::Edge),
    ("OPR/", Browser::Opera),
    ("SamsungBrowser/", Browser::SamsungInternet),
    ("FxiOS/", Browser::Firefox),
    ("Firefox/", Browser::Firefox),
    ("CriOS/", Browser::Chrome),
    ("Chrome/", Browser::Chrome),
    ("Chromium/", Browser::Chrome),
    ("Safari/", Browser::Safari),
];

const SYSTEMS: [(&str, System); 7] = [
    ("iPhone", System::Iphone),
    ("iPad", System::Ipad),
    ("Android", System::AndroidTablet),
    ("CrOS", System::Chromebook),
    ("Windows", System::Windows),
    ("Macintosh", System::Mac),
    ("Linux", System::Linux),
];

impl Device {
    /// As the browser tells it in a request.
    pub fn of(headers: &HeaderMap) -> Self {
        let told = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let browser = BROWSERS.iter().find(|(name, _)| told.contains(name)).map(|(_, browser)| *browser);
        let system = SYSTEMS.iter().find(|(name, _)| told.contains(name)).map(|(_, system)| *system);
        let is_phone = system == Some(System::AndroidTablet) && told.contains("Mobile");
        let system = if is_phone { Some(System::AndroidPhone) } else { system };
        Self { browser: browser.unwrap_or_default(), system: system.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn told(text: &str) -> Device {
        Device::of(&HeaderMap::from_iter([(header::USER_AGENT, HeaderValue::from_str(text).unwrap())]))
    }

    #[test]
    fn browsers_and_devices_of_today_are_recognised() {
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15";
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";
        for (text, browser, system) in [
            (windows.to_owned(), Browser::Chrome, System::Windows),
            (format!("{windows} Edg/140.0.0.0"), Browser::Edge, System::Windows),
            (format!("{windows} OPR/121.0.0.0"), Browser::Opera, System::Windows),
            (mac.to_owned(), Browser::Safari, System::Mac),
            (format!("{iphone} Version/18.6 Mobile/15E148 Safari/604.1"), Browser::Safari, System::Iphone),
            (format!("{iphone} CriOS/140.0.7339.101 Mobile/15E148 Safari/604.1"), Browser::Chrome, System::Iphone),
            (
                format!("{iphone} FxiOS/142.0 Mobile/15E148 Safari/605.1.15").replace("iPhone;", "iPad;").replace("CPU iPhone", "CPU"),
                Browser::Firefox,
                System::Ipad,
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0".to_owned(), Browser::Firefox, System::Linux),
            (windows.replace("Windows NT 10.0; Win64; x64", "Linux; Android 10; K"), Browser::Chrome, System::AndroidTablet),
            (
                windows.replace("Windows NT 10.0; Win64; x64", "Linux; Android 10; K").replace("Safari", "Mobile Safari"),
                Browser::Chrome,
                System::AndroidPhone,
            ),
            (windows.replace("Windows NT 10.0; Win64; x64", "X11; CrOS x86_64 14541.0.0"), Browser::Chrome, System::Chromebook),
            ("curl/8.5.0".to_owned(), Browser::Other, System::Other),
            (String::new(), Browser::Other, System::Other),
        ] {
            assert_eq!(told(&text), Device { browser, system }, "{text}");
        }
    }

    #[test]
    fn what_a_newer_release_keeps_is_something_else_here() {
        let kept: Device = serde_json::from_str(r#"{"browser": "lynx", "system": "amiga"}"#).unwrap();
        assert_eq!(kept, Device::default());
    }
}
