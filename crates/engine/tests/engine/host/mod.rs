//! The host: starts, restarts, controls, backups, and what may not harm others.

mod backups;
mod changed_configurations;
mod configurations_at_random;
mod controls;
mod damaged_columns;
mod damaged_rows;
mod damaged_starts;
mod getting_ready;
mod one_cannot_harm_others;
mod restarts_and_refusals;
