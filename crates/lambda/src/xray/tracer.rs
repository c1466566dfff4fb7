//! Tells X-Ray of the calls whose traces are recorded, if the function is traced. The documents are made in `segment`.

use rampmeter_call::{Outcome, Request};
use rampmeter_caller::Profile;
use rampmeter_dispatch::{Priority, Time};

use crate::daemon::Daemon;
use crate::event::Message;
use crate::random::random;
use crate::settings::Settings;
use crate::trace::SegmentId;
use crate::xray::segment::{Attempted, Seen, Segment};

/// The tracer of a function.
#[derive(Debug)]
pub(crate) struct Tracer {
    /// `None`: the function is not traced.
    daemon: Option<Daemon>,
    function: String,
    target: String,
}

impl Tracer {
    pub(crate) fn new(settings: &Settings) -> Tracer {
        let daemon = settings.daemon.and_then(|address| {
            let daemon = Daemon::at(address);
            let daemon = daemon.inspect_err(|error| tracing::warn!(%error, "nothing is traced"));
            daemon.ok()
        });
        Tracer {
            daemon,
            function: settings.function.clone(),
            target: settings.target.clone(),
        }
    }

    /// Begins to serve a message. If its trace is recorded, every request made for it belongs to the segment.
    pub(crate) fn begin(&self, message: &mut Message, now: Time) -> Option<Segment> {
        self.daemon.as_ref()?;
        let segment = Segment::of(message.trace.as_ref(), SegmentId(random()), now)?;
        message.trace = Some(segment.header());
        Some(segment)
    }

    /// An attempt at the vendor has ended.
    pub(crate) fn attempted(
        &self,
        segment: Option<&Segment>,
        (profile, request): (&Profile, &Request),
        (began, ended): (Time, Time),
        outcome: &Outcome,
    ) {
        let (Some(daemon), Some(segment)) = (&self.daemon, segment) else {
            return;
        };
        let place = profile.place(request.endpoint.as_deref());
        let Some(url) = request.url_without_query(&place.base_url) else {
            return;
        };
        let attempt = Attempted {
            host: place.base_url.host_str().unwrap_or_default(),
            method: &request.method,
            url: &url,
            began,
            ended,
            seen: Seen::of(outcome),
        };
        daemon.send(&segment.attempt(SegmentId(random()), &attempt));
    }

    /// The message has been served, or is back in its queue.
    pub(crate) fn end(&self, segment: Option<&Segment>, lane: Priority, now: Time) {
        if let (Some(daemon), Some(segment)) = (&self.daemon, segment) {
            daemon.send(&segment.document(&self.function, &self.target, lane, now));
        }
    }
}
