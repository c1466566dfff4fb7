//! How much room there is on the volume of the data directory, and when that is too little.

use std::path::Path;

use serde_json::{Value, json};

/// A volume is nearly full when less than this part of it is free...
const LEAST_PART: u64 = 10;
/// ...and less than this many bytes: a tenth of a large volume is room enough.
const LEAST_BYTES: u64 = 2 << 30;

/// A volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disk {
    /// Bytes that may still be written.
    pub(crate) free: u64,
    /// Bytes in all.
    pub(crate) total: u64,
}

impl Disk {
    /// The volume on which a directory lies; `None` where that cannot be found out.
    pub(crate) fn of(directory: &Path) -> Option<Disk> {
        let volume = rustix::fs::statvfs(directory).ok()?;
        Some(Disk {
            free: volume.f_bavail.saturating_mul(volume.f_frsize),
            total: volume.f_blocks.saturating_mul(volume.f_frsize),
        })
    }

    /// Whether somebody has to make room soon.
    pub(crate) fn is_nearly_full(self) -> bool {
        self.free < LEAST_BYTES && self.free < self.total / LEAST_PART
    }

    /// The volume as the report shows it.
    pub(crate) fn to_json(self, directory: &Path) -> Value {
        let nearly_full = self.is_nearly_full();
        let directory = directory.display();
        let text = format!(
            "{:.1} of {:.1} GiB are free on the volume of {directory}",
            gib(self.free),
            gib(self.total)
        );
        json!({
            "free_bytes": self.free,
            "total_bytes": self.total,
            "nearly_full": nearly_full,
            "text": text,
            "next": format!("df -h {directory}"),
            "hint": "make the volume larger, or move other files away from it: when it is full, nothing more is taken on. \
                     A shorter `retention` in [server] frees room inside the store; delete nothing in the data directory by hand",
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn gib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1_u32 << 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_nearly_full_before_it_is_full_and_never_for_its_size_alone() {
        let gib = 1_u64 << 30;
        let disk = |free, total| Disk { free, total };
        assert!(disk(gib, 100 * gib).is_nearly_full());
        assert!(!disk(5 * gib, 100 * gib).is_nearly_full(), "room enough");
        assert!(!disk(gib / 4, gib).is_nearly_full(), "a small volume");
        assert!(disk(gib / 20, gib).is_nearly_full());
    }

    #[test]
    fn the_volume_of_a_directory_is_known() {
        let disk = Disk::of(Path::new("/")).expect("there is a root");
        assert!(disk.total > 0);
        assert_eq!(Disk::of(Path::new("/there/is/none")), None);
        let told = disk.to_json(Path::new("/data"));
        assert_eq!(told["next"], "df -h /data");
    }
}
