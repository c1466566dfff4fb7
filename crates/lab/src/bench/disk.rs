//! The disk's own speed, for comparison with the engine's: how many 4 KiB appends a second can be made durable.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long one measurement takes.
const MEASURED: Duration = Duration::from_secs(2);
const BLOCK: usize = 4_096;

/// Appends of 4 KiB with `fdatasync` a second, one after another, in this directory.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn syncs_per_second(directory: &Path) -> io::Result<f64> {
    let path = directory.join("sync-measurement");
    let mut file = File::create(&path)?;
    let block = [0x5A_u8; BLOCK];
    let mut syncs = 0_u32;
    let begin = Instant::now();
    while begin.elapsed() < MEASURED {
        file.write_all(&block)?;
        file.sync_data()?;
        syncs += 1;
    }
    let took = begin.elapsed();
    drop(file);
    std::fs::remove_file(path)?;
    Ok(f64::from(syncs) / took.as_secs_f64())
}
