//! What one seed of a sweep may take of the real machine.

use std::time::Duration;

/// Limits of one seed, kept from outside its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall time.
    pub wall: Duration,
    /// Resident memory of its process, in bytes.
    pub memory: u64,
}

/// The resident memory of a process in bytes; nothing where the system does not tell. Read from
/// `/proc`, hence no limit is kept on systems without it.
pub fn resident_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    parse_resident(&status)
}

fn parse_resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_the_status_file() {
        let status = "Name:\tproveniq\nVmSize:\t  99 kB\nVmRSS:\t    2048 kB\nThreads:\t1\n";
        assert_eq!(parse_resident(status), Some(2_048 * 1_024));
        assert_eq!(parse_resident("Name:\tx\n"), None);
        assert!(resident_memory(std::process::id()).is_none_or(|bytes| bytes > 100_000));
    }
}
