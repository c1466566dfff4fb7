//! The key by which the store knows its task tokens.

use rampmeter_dispatch::Time;
use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::token::TokenSeal;
use rampmeter_store::{Damaged, Readable, Store, StoreError, readable};

/// The row of `meta` that holds it.
const TOKEN_KEY: &str = "task token key";

/// The seal of the task tokens. If its key cannot be read, a new one is made, and task tokens given out before are refused.
///
/// # Errors
/// When the store failed.
///
/// # Panics
/// If the operating system gives no random bytes.
pub fn token_seal(store: &Store, now: Time) -> Result<TokenSeal, StoreError> {
    let make = || {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the operating system gives random bytes");
        key
    };
    let damaged = match readable(store.meta(TOKEN_KEY, || make().to_vec()))? {
        Readable::Whole(key) => match <[u8; 32]>::try_from(key) {
            Ok(key) => return Ok(TokenSeal::new(key)),
            Err(key) => Damaged(format!("it has {} bytes", key.len())),
        },
        Readable::Damaged(damaged) => damaged,
    };
    store
        .ledger()
        .set_aside(DamagedKind::Row, TOKEN_KEY, &damaged, now.into())?;
    let key = make();
    store.replace_meta(TOKEN_KEY, &key)?;
    Ok(TokenSeal::new(key))
}
