//! What is said after sessions were ended.

portal_frame::messages! {
    SIGNED_OUT_THERE "daar-afgemeld" { "Dat toestel is afgemeld." "That device is signed out." }
    SIGNED_OUT_ELSEWHERE "elders-afgemeld" { "Alle andere toestellen zijn afgemeld." "All other devices are signed out." }
    SESSIONS_ENDED "sessies-beeindigd" { "Alle sessies van die persoon zijn beëindigd." "All sessions of that person have ended." }
}
