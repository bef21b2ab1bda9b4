//! What is said after an act on gateways.

portal_frame::messages! {
    GATEWAY_REVOKED "ingetrokken" { "De gateway kan niets meer sturen." "The gateway can no longer send." }
}
