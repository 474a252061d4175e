//! Recovery codes: the way in when the authenticator is lost. Each is good once.

use super::sha256_hex;

/// Codes of a set.
pub(crate) const CODES: usize = 10;

/// Letters and digits that cannot be taken for one another.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567890";

/// Characters of a code: 80 bits, so a fast hash of it cannot be reversed.
const CHARACTERS: usize = 16;

/// Characters between two dashes.
const GROUP: usize = 4;

/// A new set of codes, as they are shown once.
pub(crate) fn generate() -> Result<Vec<String>, getrandom::Error> {
    (0..CODES).map(|_| code()).collect()
}

/// What is stored of a code. How the user types capitals, spaces and dashes does not matter.
pub(crate) fn hash(user_id: i64, code: &str) -> String {
    let plain: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    sha256_hex(&["recovery:", &user_id.to_string(), ":", &plain])
}

fn code() -> Result<String, getrandom::Error> {
    let mut bytes = [0; CHARACTERS];
    getrandom::fill(&mut bytes)?;
    let letters = bytes.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    let groups: Vec<String> = letters.chunks(GROUP).map(String::from_iter).collect();
    Ok(groups.join("-"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_set_has_ten_different_codes() {
        let codes = generate().unwrap();
        let different: HashSet<_> = codes.iter().collect();
        assert_eq!((codes.len(), different.len()), (CODES, CODES));
        assert_eq!(codes[0].len(), 19);
    }

    #[test]
    fn typing_habits_do_not_matter_but_the_user_does() {
        assert_eq!(hash(1, "abcd-efgh"), hash(1, " ABCD EFGH"));
        assert_ne!(hash(1, "abcd-efgh"), hash(2, "abcd-efgh"));
    }
}
