//! Long work for one client that does not touch the engine: testing a state, checking a definition. Each piece of work
//! has a thread of its own, few run at once, and nobody waits for one for ever, so that the threads that serve the
//! ports are never blocked. The work itself ends at the bounds of the language.

use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::protocol::error::WireError;

/// How many run at once.
const AT_ONCE: usize = 2;

/// How long a client waits for its turn, and then for the result.
const MAX_WAIT: Duration = Duration::from_secs(10);
const MAX_WORK: Duration = Duration::from_secs(30);

static ROOM: Semaphore = Semaphore::const_new(AT_ONCE);

/// Works something out beside the threads that serve.
///
/// # Errors
/// When others have occupied all threads for too long, or this takes too long itself.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, WireError> {
    let Ok(Ok(room)) = timeout(MAX_WAIT, ROOM.acquire()).await else {
        return Err(too_long("Too many states are tested at once. Try again."));
    };
    let (result, made) = oneshot::channel();
    let worker = move || {
        let _room = room;
        // A client that has gone needs no answer.
        drop(result.send(work()));
    };
    std::thread::Builder::new()
        .name("rampmeter-aside".to_owned())
        .spawn(worker)
        .map_err(|error| too_long(&format!("There is no thread for it: {error}. Try again.")))?;
    match timeout(MAX_WORK, made).await {
        Ok(Ok(made)) => Ok(made),
        Ok(Err(_)) => Err(too_long(
            "It ended by a fault of Rampmeter, which is in its log.",
        )),
        Err(_) => Err(too_long("It took too long and was given up.")),
    }
}

fn too_long(message: &str) -> WireError {
    WireError::new("ThrottlingException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_takes_long_holds_no_thread_that_serves() {
        // The runtime of this test has one thread: it goes on while both run.
        let (release, held) = std::sync::mpsc::channel::<()>();
        let long = tokio::spawn(aside(move || held.recv().is_ok()));
        let other = aside(|| 2).await;
        assert_eq!(other.ok(), Some(2));
        release.send(()).unwrap();
        assert_eq!(long.await.unwrap().ok(), Some(true));
    }
}
