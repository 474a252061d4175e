//! Lines of a description, with the line end that each has.

/// One line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Without its line end.
    pub(super) content: &'a [u8],
    /// CRLF, LF, or nothing at the end of the body.
    pub(super) end: &'a [u8],
    /// Bytes before the line.
    pub(super) offset: usize,
}

impl Line<'_> {
    /// Offset of the byte after the line.
    pub(super) const fn next_offset(&self) -> usize {
        self.offset + self.content.len() + self.end.len()
    }
}

/// All lines in order. Put together, contents and ends are `bytes` again.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut offset = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(offset..).filter(|rest| !rest.is_empty())?;
        let whole = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let content_len = rest[..whole]
            .iter()
            .rposition(|b| !matches!(b, b'\r' | b'\n'));
        let (content, end) = rest[..whole].split_at(content_len.map_or(0, |at| at + 1));
        let line = Line {
            content,
            end,
            offset,
        };
        offset += whole;
        Some(line)
    })
}
