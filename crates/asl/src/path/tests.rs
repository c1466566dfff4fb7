//! Tests, to be filled below.
