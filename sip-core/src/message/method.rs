//! Request methods.

use crate::text::is_token_text;
use std::fmt;

macro_rules! methods {
    ($($variant:ident $text:literal $document:literal;)+) => {
        /// A request method. Methods are case-sensitive (RFC 3261 §7.1).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Method<'a> {
            $(#[doc = $document] $variant,)+
            /// Any other method, as written.
            Other(&'a str),
        }

        impl<'a> Method<'a> {
            /// The method that `text` names. `None` when it is not a token.
            pub fn from_token(text: &'a str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)+
                    _ => is_token_text(text).then_some(Self::Other(text)),
                }
            }

            /// The method as it stands on the wire.
            pub const fn as_str(self) -> &'a str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }

            /// The same method without the borrow, when it is one that we know.
            pub const fn known(self) -> Option<Method<'static>> {
                match self {
                    $(Self::$variant => Some(Method::$variant),)+
                    Self::Other(_) => None,
                }
            }
        }
    };
}

methods! {
    Invite "INVITE" "Starts a call, or changes its session (RFC 3261 §13, §14).";
    Ack "ACK" "Confirms a final response to INVITE.";
    Bye "BYE" "Ends a call (RFC 3261 §15).";
    Cancel "CANCEL" "Gives up a pending INVITE (RFC 3261 §9).";
    Options "OPTIONS" "Asks for capabilities, or whether the peer lives (RFC 3261 §11).";
    Register "REGISTER" "Binds an address (RFC 3261 §10).";
    Info "INFO" "Carries application data within a call (RFC 6086).";
    Update "UPDATE" "Changes a session before or after the answer (RFC 3311).";
    Prack "PRACK" "Confirms a reliable provisional response (RFC 3262).";
    Refer "REFER" "Asks the peer to contact a third party (RFC 3515).";
    Notify "NOTIFY" "Reports an event (RFC 6665).";
    Subscribe "SUBSCRIBE" "Asks for reports of events (RFC 6665).";
    Message "MESSAGE" "Carries an instant message (RFC 3428).";
    Publish "PUBLISH" "Publishes event state (RFC 3903).";
}

impl fmt::Display for Method<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
