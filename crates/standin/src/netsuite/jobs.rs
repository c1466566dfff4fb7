//! Requests that are worked on in the background: the job of each, its key, and what became of it.

use super::call::JobPart;
use super::response;
use crate::response::VendorResponse;
use serde_json::json;
use std::collections::HashMap;

/// All jobs of the account. The job with id n lies at n - 1.
#[derive(Debug)]
pub(super) struct Jobs {
    /// `http://host:port`, for links.
    base_url: String,
    /// The result of each; `None` while it is pending.
    results: Vec<Option<VendorResponse>>,
    by_key: HashMap<String, u64>,
    /// Repeats that were sent to the job of the first.
    absorbed: u64,
    looked_at: u64,
}

impl Jobs {
    pub(super) fn new(base_url: String) -> Jobs {
        Jobs {
            base_url,
            results: Vec::new(),
            by_key: HashMap::new(),
            absorbed: 0,
            looked_at: 0,
        }
    }

    /// The location of the job that this key began before.
    pub(super) fn known(&mut self, key: Option<&str>) -> Option<String> {
        let id = *self.by_key.get(key?)?;
        self.absorbed += 1;
        Some(location(id))
    }

    /// Begins a job. Returns its id and its location.
    pub(super) fn begin(&mut self, key: Option<String>) -> (u64, String) {
        self.results.push(None);
        let id = self.results.len() as u64;
        if let Some(key) = key {
            self.by_key.insert(key, id);
        }
        (id, location(id))
    }

    /// A job has come to its end.
    pub(super) fn end(&mut self, id: u64, result: VendorResponse) {
        let place = usize::try_from(id.saturating_sub(1)).unwrap_or(usize::MAX);
        if let Some(job) = self.results.get_mut(place) {
            *job = Some(result);
        }
    }

    /// What is said of a job.
    pub(super) fn look(&mut self, id: u64, part: JobPart) -> VendorResponse {
        self.looked_at += 1;
        let place = usize::try_from(id.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(result) = self.results.get(place).filter(|_| id > 0) else {
            return response::nonexistent(&format!("job/{id}"));
        };
        let (completed, progress) = match result {
            None => (false, "pending"),
            Some(answer) if answer.status < 400 => (true, "succeeded"),
            Some(_) => (true, "failed"),
        };
        let link = |rel: &str, path: &str| json!({ "rel": rel, "href": format!("{}{}{path}", self.base_url, location(id)) });
        match (part, result) {
            (JobPart::Whole, _) => response::found(json!({
                "links": [link("self", "")],
                "completed": completed,
                "id": id.to_string(),
                "progress": progress,
                "task": { "links": [link("self", "/task")] },
            })),
            (JobPart::Tasks, _) => response::found(json!({
                "links": [link("self", "/task")],
                "count": 1,
                "hasMore": false,
                "totalResults": 1,
                "items": [{
                    "links": [link("self", "/task/1"), link("result", "/task/1/result")],
                    "completed": completed,
                    "id": "1",
                    "progress": progress,
                }],
            })),
            (JobPart::Result, Some(result)) => result.clone(),
            (JobPart::Result, None) => response::nonexistent(&format!("job/{id}/task/1/result")),
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.results.len() as u64
    }

    pub(super) fn absorbed(&self) -> u64 {
        self.absorbed
    }

    pub(super) fn looked_at(&self) -> u64 {
        self.looked_at
    }
}

fn location(id: u64) -> String {
    format!("/services/rest/async/v1/job/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn said(jobs: &mut Jobs, id: u64) -> (Value, Value) {
        let body = jobs.look(id, JobPart::Whole).body();
        (body["completed"].clone(), body["progress"].clone())
    }

    #[test]
    fn a_job_is_pending_until_its_end_and_then_says_how_it_went() {
        let mut jobs = Jobs::new("http://vendor".to_owned());
        let (first, place) = jobs.begin(Some("k".to_owned()));
        let (second, _) = jobs.begin(None);
        assert_eq!(place, "/services/rest/async/v1/job/1");
        assert_eq!(said(&mut jobs, first), (json!(false), json!("pending")));
        assert_eq!(jobs.look(first, JobPart::Result).status, 404);
        jobs.end(first, response::written("http://vendor/1".to_owned()));
        jobs.end(second, response::invalid_reference("item"));
        assert_eq!(said(&mut jobs, first), (json!(true), json!("succeeded")));
        assert_eq!(said(&mut jobs, second), (json!(true), json!("failed")));
        assert_eq!(jobs.look(first, JobPart::Result).status, 204);
        assert_eq!(jobs.look(second, JobPart::Result).status, 400);
        for absent in [0, 3, u64::MAX] {
            assert_eq!(jobs.look(absent, JobPart::Whole).status, 404);
        }
    }

    #[test]
    fn a_key_that_came_before_leads_to_the_job_of_the_first() {
        let mut jobs = Jobs::new(String::new());
        assert_eq!(jobs.known(Some("k")), None);
        let (_, place) = jobs.begin(Some("k".to_owned()));
        assert_eq!(jobs.known(Some("k")), Some(place));
        assert_eq!((jobs.known(Some("other")), jobs.known(None)), (None, None));
        assert_eq!((jobs.count(), jobs.absorbed()), (1, 1));
    }
}
