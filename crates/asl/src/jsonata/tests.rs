//! What expressions mean, AWS's functions, and the texts of errors.
