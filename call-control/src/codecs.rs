//! Which codecs an offer may have: those that are in the lists of both trunks of a call.

use crate::call::Call;
use crate::core::Core;
use crate::session::{Half, UnusableSdp};
use media_relay::Side;
use routing_engine::Snapshot;
use routing_engine::snapshot::TrunkIndex;
use sip_core::sdp::Sdp;
use std::borrow::Cow;

/// The lists of both trunks, each the best first. An empty one takes every codec.
#[derive(Clone, Copy)]
pub(crate) struct Codecs<'s> {
    ingress: &'s [String],
    egress: &'s [String],
}

impl<'s> Codecs<'s> {
    pub(crate) fn of(
        snapshot: &'s Snapshot,
        ingress_trunk: TrunkIndex,
        egress_trunk: TrunkIndex,
    ) -> Self {
        Self {
            ingress: &snapshot.ingress_trunk(ingress_trunk).codecs,
            egress: &snapshot.egress_trunk(egress_trunk).codecs,
        }
    }

    /// The offer as it goes on to `towards`, in the order that this side likes; an error when no
    /// codec is left, or when it cannot be read.
    pub(crate) fn select<'o>(
        &self,
        towards: Side,
        offer: &'o [u8],
    ) -> Result<Cow<'o, [u8]>, UnusableSdp> {
        if self.ingress.is_empty() && self.egress.is_empty() {
            return Ok(offer.into());
        }
        let sdp = Sdp::parse(offer).map_err(|_| UnusableSdp)?;
        let mut selected = Vec::with_capacity(offer.len());
        match sdp.select_codecs(|name| self.place(towards, name), &mut selected) {
            true => Ok(selected.into()),
            false => Err(UnusableSdp),
        }
    }

    /// Whether an offer of the customer can be read and its own trunk has nothing against it.
    pub(crate) fn ingress_takes(&self, offer: &[u8]) -> bool {
        let of_ingress = Self {
            egress: &[],
            ..*self
        };
        Sdp::parse(offer).is_ok() && of_ingress.select(Side::Egress, offer).is_ok()
    }

    fn place(&self, towards: Side, name: &str) -> Option<usize> {
        let place = |list: &[String]| match list {
            [] => Some(0),
            list => list
                .iter()
                .position(|codec| codec.eq_ignore_ascii_case(name)),
        };
        let (ingress, egress) = (place(self.ingress)?, place(self.egress)?);
        let has_order = match towards {
            Side::Ingress => !self.ingress.is_empty(),
            Side::Egress => self.egress.is_empty(),
        };
        Some(if has_order { ingress } else { egress })
    }
}

impl Call {
    /// Takes an offer from `from` and gives the one for the other side, with the codecs that both
    /// trunks have.
    pub(crate) fn bridge_offer(
        &mut self,
        core: &mut Core,
        from: Side,
        offer: &[u8],
    ) -> Result<&[u8], UnusableSdp> {
        let Some(attempt) = self.attempts.last() else {
            return self.media.bridge(core, from, Half::Offer, offer);
        };
        let codecs = Codecs::of(&self.snapshot, self.ingress_trunk, attempt.route.trunk);
        let selected = codecs.select(from.other(), offer)?;
        self.media.bridge(core, from, Half::Offer, &selected)
    }

    /// Takes an offer that says nothing new to the other side: only the relay learns where `from`
    /// receives. False, and nothing taken, when it says more.
    pub(crate) fn readdress(&mut self, core: &mut Core, from: Side, offer: &[u8]) -> bool {
        let Some(attempt) = self.attempts.last() else {
            return false;
        };
        let codecs = Codecs::of(&self.snapshot, self.ingress_trunk, attempt.route.trunk);
        codecs
            .select(from.other(), offer)
            .is_ok_and(|selected| self.media.readdress(core, from, &selected))
    }

    /// The same with the description of a carrier's response to the INVITE: an offer when the
    /// INVITE had none.
    pub(crate) fn bridge_response(
        &mut self,
        core: &mut Core,
        description: &[u8],
    ) -> Result<&[u8], UnusableSdp> {
        match self.offer.is_empty() {
            true => self.bridge_offer(core, Side::Egress, description),
            false => self
                .media
                .bridge(core, Side::Egress, Half::Answer, description),
        }
    }
}
