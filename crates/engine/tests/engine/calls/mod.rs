//! Calls from their message to their end, in their lanes and under their limits.

mod a_call_from_start_to_end;
mod bodies_and_outcomes;
mod calendar_quotas;
mod cancelled;
mod dead_letters;
mod jobs;
mod lane_order;
mod limits_and_lanes;
mod limits_of_some_calls;
mod lost_answers_and_repeats;
mod max_wait;
mod perhaps_done;
mod vendor_feedback;
mod whose_trouble;
mod why_calls_wait;
