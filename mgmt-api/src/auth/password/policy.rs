//! Which passwords are good enough: length and no guess that everybody makes. No rules of
//! composition, no expiry (NIST SP 800-63B §3.1.1.2).

/// Fewest characters.
pub(crate) const LENGTH_MIN: usize = 12;

/// Most bytes: a hash of a longer text would only cost time.
pub(crate) const BYTES_MAX: usize = 256;

/// Fewest different characters: less is a pattern.
const DISTINCT_MIN: usize = 5;

/// Words that the commonest leaked passwords are made of, one a line, sorted. Our own list.
const COMMON_WORDS: &str = include_str!("common-words.txt");

/// The longest of them.
const WORD_LETTERS_MAX: usize = 25;

/// Most common words that a refused password is made of: a phrase of more words is a good one.
const WORDS_MAX: usize = 3;

/// Letters that are left when the words of the user's own name are taken away, at least.
const REST_MIN: usize = 8;

/// Shortest word of the user's own that is looked for.
const PERSONAL_WORD_MIN: usize = 4;

/// Rows of keyboards and the alphabet, along which fingers run.
const RUNS: [&str; 7] = [
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
];

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Weakness {
    #[error("at least {LENGTH_MIN} characters; a few words in a row are easy to remember")]
    TooShort,
    #[error("at most {BYTES_MAX} bytes")]
    TooLong,
    #[error("this is among the passwords that are tried first; choose a few unrelated words")]
    Common,
    #[error("this is a pattern on the keyboard or a repetition; choose a few unrelated words")]
    Pattern,
    #[error("this is mostly your own name or address; choose a few unrelated words")]
    Personal,
}

/// Judges a new password. `own_words` are the user's name, address and the like.
pub(crate) fn check(password: &str, own_words: &[&str]) -> Result<(), Weakness> {
    if password.chars().count() < LENGTH_MIN {
        return Err(Weakness::TooShort);
    }
    if password.len() > BYTES_MAX {
        return Err(Weakness::TooLong);
    }
    let lower = password.to_lowercase();
    if is_pattern(&lower) {
        return Err(Weakness::Pattern);
    }
    if is_personal(&lower, own_words) {
        return Err(Weakness::Personal);
    }
    if is_common(&lower) {
        return Err(Weakness::Common);
    }
    Ok(())
}

fn is_pattern(lower: &str) -> bool {
    let characters: Vec<char> = lower.chars().collect();
    let mut distinct = characters.clone();
    distinct.sort_unstable();
    distinct.dedup();
    distinct.len() < DISTINCT_MIN || repeats(&characters) || runs(&characters)
}

/// One short unit, over and over: the password is worth the unit.
fn repeats(characters: &[char]) -> bool {
    (1..LENGTH_MIN.min(characters.len() / 2 + 1)).any(|unit| {
        let (first, rest) = characters.split_at(unit);
        rest.chunks(unit).all(|chunk| first.starts_with(chunk))
    })
}

/// Whether most steps from one character to the next are neighbours on one row.
fn runs(characters: &[char]) -> bool {
    RUNS.iter().any(|row| {
        let place = |character: char| row.find(character);
        let neighbours = characters.windows(2).filter(|pair| {
            let [a, b] = [place(pair[0]), place(pair[1])];
            matches!((a, b), (Some(a), Some(b)) if a.abs_diff(b) <= 1)
        });
        neighbours.count() * 4 >= (characters.len() - 1) * 3
    })
}

fn is_personal(lower: &str, own_words: &[&str]) -> bool {
    let mut rest = lower.to_owned();
    let words = own_words
        .iter()
        .flat_map(|words| words.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.chars().count() >= PERSONAL_WORD_MIN);
    for word in words {
        rest = rest.replace(&word.to_lowercase(), "");
    }
    rest.len() < lower.len() && rest.chars().filter(|c| c.is_alphanumeric()).count() < REST_MIN
}

/// Whether the letters, read as people disguise them, are a few common words and nothing else.
fn is_common(lower: &str) -> bool {
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    let disguised: String = core.chars().filter_map(undisguise).collect();
    let plain: String = core.chars().filter(char::is_ascii_alphabetic).collect();
    let foreign = core.chars().any(|c| c.is_alphabetic() && !c.is_ascii());
    !foreign && (is_of_common_words(&disguised) || is_of_common_words(&plain))
}

fn undisguise(character: char) -> Option<char> {
    match character {
        '0' => Some('o'),
        '1' | '!' => Some('i'),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' => Some('t'),
        letter => letter.is_ascii_alphabetic().then_some(letter),
    }
}

/// Whether the letters fall into common words without rest. Counts the fewest words for each prefix.
fn is_of_common_words(letters: &str) -> bool {
    let mut fewest = vec![None; letters.len() + 1];
    fewest[0] = Some(0_usize);
    for end in 1..=letters.len() {
        let first = end.saturating_sub(WORD_LETTERS_MAX);
        let starts = (first..end).filter_map(|start| Some((start, fewest[start]?)));
        let of_words = starts
            .filter(|(start, _)| is_word(&letters[*start..end]))
            .map(|(_, words)| words + 1);
        fewest[end] = of_words.min();
    }
    matches!(fewest[letters.len()], Some(1..=WORDS_MAX))
}

fn is_word(text: &str) -> bool {
    let mut words = COMMON_WORDS.lines();
    words.any(|word| word == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_tries_first_is_refused() {
        for password in [
            "password1234",
            "Password2024!",
            "P@ssw0rd!2345",
            "welcome12345",
            "letmein-letme1n!",
            "Administrator1",
            "iloveyou1234",
            "Summer2026!!!",
            "Correct Horse Battery Staple",
        ] {
            assert_eq!(check(password, &[]), Err(Weakness::Common), "{password}");
        }
    }

    #[test]
    fn patterns_are_refused() {
        for password in [
            "123456789012",
            "aaaaaaaaaaaaaaaa",
            "qwertyuiop[]",
            "abcdefghijklm",
            "1qaz2wsx3edc",
            "x7!x7!x7!x7!x7!",
            "kw9tzkw9tzkw9tz",
            "zyxwvutsrqpon",
        ] {
            assert_eq!(check(password, &[]), Err(Weakness::Pattern), "{password}");
        }
    }

    #[test]
    fn ones_own_name_is_no_password() {
        let own = ["grace.hopper@navy.example", "Grace Hopper"];
        for password in ["grace.hopper1906", "Hopper@navy.example", "gracehopper12"] {
            assert_eq!(check(password, &own), Err(Weakness::Personal), "{password}");
        }
        assert_eq!(check("gracenebulatinoctopus", &own), Ok(()));
    }

    #[test]
    fn length_is_counted_in_characters_and_bounded_in_bytes() {
        assert_eq!(check("short-pass1", &[]), Err(Weakness::TooShort));
        assert_eq!(check("žluťoučký kůň", &[]), Ok(()));
        assert_eq!(
            check(&"kürbis tanz ".repeat(30), &[]),
            Err(Weakness::TooLong)
        );
    }

    #[test]
    fn good_ones_pass_whatever_they_are_composed_of() {
        for password in [
            "velvet tuba granite",
            "739204185526",
            "ninetyredballoons",
            "hk3vq8zw2mxp",
            "пароль из трёх слов",
        ] {
            assert_eq!(check(password, &[]), Ok(()), "{password}");
        }
    }
}
