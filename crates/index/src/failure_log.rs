//! Which failed executions get a line in the log. A workflow that fails a thousand times a second must not fill the disk
//! with them, so the lines of one minute are bounded; the next line says how many were left out.

use rampmeter_store::model::figures::EndedExecution;
use rampmeter_time::UnixMillis;

const MINUTE_MS: i64 = 60_000;
/// Lines in one minute.
const MAX_LINES: u32 = 60;

/// The lines of the current minute.
#[derive(Debug, Default)]
pub struct FailureLog {
    minute: i64,
    lines: u32,
    left_out: u64,
}

impl FailureLog {
    /// Logs an execution that has failed, once that is on disk. The cause is not logged, since it may hold what a vendor answered;
    /// the history of the execution has it.
    pub fn tell(&mut self, ended: &EndedExecution) {
        if ended.has_failed()
            && let Some(left_out) = self.line(ended.at)
        {
            tracing::warn!(
                execution = ended.execution_arn,
                workflow = ended.workflow,
                status = ended.status.as_str(),
                error = ended.error.as_deref().unwrap_or_default(),
                left_out,
                "an execution failed"
            );
        }
    }

    /// Whether a failure at this time gets its line, and how many have got none since the last line.
    fn line(&mut self, at: UnixMillis) -> Option<u64> {
        let minute = at.0.div_euclid(MINUTE_MS);
        if minute != self.minute {
            (self.minute, self.lines) = (minute, 0);
        }
        if self.lines == MAX_LINES {
            self.left_out += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_so_many_lines_and_the_next_line_says_how_many_were_left_out() {
        let mut log = FailureLog::default();
        let lines = (0..1_000).filter(|_| log.line(UnixMillis(5)).is_some());
        assert_eq!(lines.count(), 60);
        assert_eq!(log.line(UnixMillis(MINUTE_MS)), Some(940));
        assert_eq!(log.line(UnixMillis(MINUTE_MS + 1)), Some(0));
    }
}
