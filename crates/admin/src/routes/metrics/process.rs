//! The process itself, by the names that every Prometheus client uses: <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>.
//! Read from `/proc`; where there is none, nothing is reported.

use std::fmt;
use std::path::Path;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::Unit;

/// The unit of times in `/proc/self/stat`, by the second: the same on every platform that we run on.
const TICKS: f64 = 100.0;

/// This process.
#[derive(Debug)]
pub(super) struct Process;

/// What `/proc` says of a process.
#[derive(Debug, Default, PartialEq)]
struct Usage {
    cpu_seconds: f64,
    resident_bytes: u64,
    open_files: u64,
}

impl Usage {
    fn read(proc: &Path) -> Option<Usage> {
        let stat = std::fs::read_to_string(proc.join("stat")).ok()?;
        let status = std::fs::read_to_string(proc.join("status")).ok()?;
        let open_files = std::fs::read_dir(proc.join("fd")).ok()?.count();
        Some(Usage {
            cpu_seconds: cpu_seconds(&stat)?,
            resident_bytes: resident_bytes(&status)?,
            open_files: u64::try_from(open_files).unwrap_or(u64::MAX),
        })
    }
}

/// User and system time: fields 14 and 15. The second field is a name in parentheses, which may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let user: f64 = times.next()?.parse().ok()?;
    let system: f64 = times.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

/// `VmRSS:     1234 kB`.
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

impl Collector for Process {
    fn encode(&self, mut page: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(usage) = Usage::read(Path::new("/proc/self")) else {
            return Ok(());
        };
        let help = "Processor time that the process has used";
        let cpu = ConstCounter::new(usage.cpu_seconds);
        let kind = MetricType::Counter;
        cpu.encode(page.encode_descriptor("process_cpu", help, Some(&Unit::Seconds), kind)?)?;
        for (name, help, unit, value) in [
            (
                "process_resident_memory",
                "Memory that the process holds",
                Some(&Unit::Bytes),
                usage.resident_bytes,
            ),
            (
                "process_open_fds",
                "Files and sockets that the process has open",
                None,
                usage.open_files,
            ),
        ] {
            let value = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let metric = page.encode_descriptor(name, help, unit, ConstGauge::<i64>::TYPE)?;
            value.encode(metric)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_memory_are_read_as_proc_writes_them() {
        let stat = "42 (a) b) S 1 1 1 0 -1 4 9 0 0 0 250 50 0 0 20 0 9 0 777 1 2 3";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds("nonsense"), None);
        let status = "Name:\tx\nVmPeak:\t 9 kB\nVmRSS:\t    2048 kB\n";
        assert_eq!(resident_bytes(status), Some(2 << 20));
    }
}
