/**
 * A title as it stands within a sentence: `Rate card` → `rate card`, while `LCR profile` and `POPs`
 * stay, because a word with two capitals is an acronym.
 */
export function inSentence(title: string): string {
  return title
    .split(' ')
    .map((word) => (isAcronym(word) ? word : word.toLowerCase()))
    .join(' ')
}

function isAcronym(word: string): boolean {
  return /\p{Lu}.*\p{Lu}/u.test(word)
}
