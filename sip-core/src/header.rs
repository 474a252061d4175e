//! Header fields: their names, and the values that the switch reads.

mod cseq;
mod list;
mod name;
mod name_addr;
mod params;
mod reason;
mod via;

pub use cseq::CSeq;
pub use list::ListItems;
pub use name::HeaderName;
pub use name_addr::NameAddr;
pub use params::{Param, Params};
pub use reason::{Reason, ReasonProtocol};
pub use via::{MAGIC_COOKIE, Rport, Via};

pub(crate) use name::Shape;
