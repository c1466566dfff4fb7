//! `rampmeter serve` as a child process that can be killed and started again on the same data and the same ports.
//! `crash` decides when to kill it.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::configuration::{BEARER, BEARER_VARIABLE, FILE_NAME};
use super::host::{HostError, io_error};

/// The child's standard error, in the data directory.
const LOG_NAME: &str = "serve.log";

/// The engine in a process of its own. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct ChildEngine {
    command: ServeCommand,
    life: Life,
}

impl ChildEngine {
    /// Starts the engine on the configuration in `data_dir` and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready.
    pub(crate) async fn start(
        data_dir: &Path,
        free_slots_after_restart: bool,
    ) -> Result<ChildEngine, HostError> {
        let aws = free_port(None).map_err(io_error("looking for a free port"))?;
        let admin = free_port(Some(aws)).map_err(io_error("looking for a free port"))?;
        let data_dir = data_dir.to_owned();
        let command = ServeCommand {
            data_dir,
            aws,
            admin,
            free_slots_after_restart,
            clock_back: Duration::ZERO,
        };
        let life = command.begin().await?;
        Ok(ChildEngine { command, life })
    }

    /// The AWS port and the admin port.
    pub(crate) fn addresses(&self) -> (SocketAddr, SocketAddr) {
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        (loopback(self.command.aws), loopback(self.command.admin))
    }

    /// The process's number.
    pub(crate) fn process_id(&self) -> u32 {
        self.life.process.id()
    }

    /// Ends the process with SIGKILL, and returns when it is gone.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(crate) fn kill(&mut self) -> Result<(), HostError> {
        self.life.end().map_err(io_error("ending the engine"))
    }

    /// Starts it again after a kill and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready.
    pub(crate) async fn start_again(&mut self) -> Result<(), HostError> {
        self.life = self.command.begin().await?;
        Ok(())
    }

    /// From its next start on, the process reads a wall clock that was set back by so much.
    pub(crate) fn set_clock_back(&mut self, by: Duration) {
        self.command.clock_back = by;
    }

    /// Whether the process has ended without being asked to.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.life.process.try_wait(), Ok(None))
    }

    /// Asks the process to end with SIGTERM, and returns when it has ended.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(crate) async fn stop(self) -> Result<(), HostError> {
        let mut life = self.life;
        // The standard library sends SIGKILL only; every Unix has `kill`.
        let pid = life.process.id().to_string();
        let asked = Command::new("kill").arg("-TERM").arg(pid).status();
        if !asked.is_ok_and(|status| status.success()) {
            return life.end().map_err(io_error("ending the engine"));
        }
        let ended = tokio::task::spawn_blocking(move || life.process.wait().map(|_| ())).await;
        let ended = ended.unwrap_or_else(|failed| Err(io::Error::other(failed)));
        ended.map_err(io_error("waiting for the engine's end"))
    }
}

/// One process, from its start to its end. Dropping it kills it, so that none is ever left behind.
#[derive(Debug)]
struct Life {
    process: Child,
    /// Kept open, so that the process can always write.
    stdout: BufReader<ChildStdout>,
}

impl Life {
    fn end(&mut self) -> io::Result<()> {
        self.process.kill()?;
        self.process.wait().map(|_| ())
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.end();
    }
}

/// How the child is started, the same for every life.
#[derive(Debug, Clone)]
struct ServeCommand {
    data_dir: PathBuf,
    aws: u16,
    admin: u16,
    free_slots_after_restart: bool,
    clock_back: Duration,
}

impl ServeCommand {
    async fn begin(&self) -> Result<Life, HostError> {
        let command = self.clone();
        let begun = tokio::task::spawn_blocking(move || command.begin_blocking()).await;
        begun.unwrap_or_else(|failed| {
            Err(HostError::NotStarted(format!(
                "waiting for it failed: {failed}"
            )))
        })
    }

    /// The first line on standard output says that the engine is ready, and where; its end, that it is not.
    fn begin_blocking(&self) -> Result<Life, HostError> {
        let log = self.data_dir.join(LOG_NAME);
        let mut life = self.spawn(&log).map_err(io_error("starting the engine"))?;
        let mut line = String::new();
        life.stdout
            .read_line(&mut line)
            .map_err(io_error("reading from the engine"))?;
        let is_ready = serde_json::from_str::<Value>(&line).is_ok_and(|ready| ready.is_object());
        if is_ready {
            Ok(life)
        } else {
            Err(HostError::NotReady(log))
        }
    }

    fn spawn(&self, log: &Path) -> io::Result<Life> {
        let log = File::options().create(true).append(true).open(log)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").arg("--json");
        command.arg("--config").arg(self.data_dir.join(FILE_NAME));
        command.arg("--port").arg(self.aws.to_string());
        command.arg("--admin-port").arg(self.admin.to_string());
        if self.free_slots_after_restart {
            command.arg("--free-slots-after-restart");
        }
        if !self.clock_back.is_zero() {
            command
                .arg("--set-clock-back")
                .arg(format!("{}ms", self.clock_back.as_millis()));
        }
        // Variables of the environment that configure a server are not meant for this one.
        for (name, _) in std::env::vars_os() {
            if name
                .to_str()
                .is_some_and(|name| name.starts_with("RAMPMETER_SERVER__"))
            {
                command.env_remove(name);
            }
        }
        command.env(BEARER_VARIABLE, BEARER);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut process = command.spawn()?;
        let stdout = process.stdout.take().expect("standard output is piped");
        Ok(Life {
            process,
            stdout: BufReader::new(stdout),
        })
    }
}

/// A port that is free now and stays so while the engine is down. A port from the range that the operating system hands
/// out would not: a client that tries to connect meanwhile may be given that very port as its own.
fn free_port(but: Option<u16>) -> io::Result<u16> {
    const FIRST: u16 = 20_000;
    const COUNT: u32 = 10_000;
    let begin = std::process::id().wrapping_mul(7_919) % COUNT;
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for offset in 0..COUNT {
        let step = u16::try_from((begin + offset) % COUNT).unwrap_or(0);
        let port = FIRST + step;
        if Some(port) == but {
            continue;
        }
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_ports_differ_and_are_not_among_those_handed_out_to_clients() {
        let first = free_port(None).unwrap();
        let second = free_port(Some(first)).unwrap();
        assert_ne!(first, second);
        assert!(
            [first, second]
                .iter()
                .all(|port| (20_000..30_000).contains(port))
        );
    }
}
