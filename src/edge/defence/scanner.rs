//! Scanners that say who they are.

/// Bytes of a message that are looked at: whoever hides the field behind more gets an answer.
const LOOKED_AT: usize = 2_048;

/// The names that only scanners have in User-Agent.
#[derive(Clone, Debug)]
pub(crate) struct Scanners(Vec<Box<[u8]>>);

impl Scanners {
    /// `names` are parts of User-Agent, in any case.
    pub(crate) fn new(names: &[String]) -> Self {
        Self(
            names
                .iter()
                .map(|name| name.to_ascii_lowercase().into_bytes().into())
                .collect(),
        )
    }

    /// Whether a message names one. It need not be a message at all: nothing is parsed.
    pub(crate) fn sent(&self, bytes: &[u8]) -> bool {
        let bytes = &bytes[..bytes.len().min(LOOKED_AT)];
        !self.0.is_empty()
            && bytes
                .split(|byte| *byte == b'\n')
                .take_while(|line| !line.trim_ascii().is_empty())
                .filter_map(user_agent)
                .any(|agent| self.0.iter().any(|name| contains(agent, name)))
    }
}

fn user_agent(line: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"user-agent";
    let (name, value) = line.split_at_checked(NAME.len())?;
    let value = value.trim_ascii_start().strip_prefix(b":")?;
    name.eq_ignore_ascii_case(NAME).then_some(value)
}

fn contains(text: &[u8], lower: &[u8]) -> bool {
    text.windows(lower.len().max(1))
        .any(|part| part.eq_ignore_ascii_case(lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanners() -> Scanners {
        Scanners::new(&["friendly-scanner".to_owned(), "SIPVicious".to_owned()])
    }

    #[test]
    fn a_scanner_is_known_by_its_user_agent_in_any_case() {
        for agent in ["friendly-scanner", "Friendly-Scanner/2", "x sipvicious y"] {
            let text = format!("OPTIONS sip:a SIP/2.0\r\nVia: x\r\nUSER-AGENT : {agent}\r\n\r\n");
            assert!(scanners().sent(text.as_bytes()), "{agent}");
        }
    }

    #[test]
    fn others_are_not_and_neither_is_who_only_speaks_of_one() {
        let others = [
            "OPTIONS sip:a SIP/2.0\r\nUser-Agent: Asterisk\r\nSubject: friendly-scanner\r\n\r\n",
            "OPTIONS sip:a SIP/2.0\r\n\r\nUser-Agent: friendly-scanner\r\n",
            "User-Agent",
            "",
        ];
        for text in others {
            assert!(!scanners().sent(text.as_bytes()), "{text:?}");
        }
        assert!(!Scanners::new(&[]).sent(b"x\r\nUser-Agent: friendly-scanner\r\n"));
    }
}
