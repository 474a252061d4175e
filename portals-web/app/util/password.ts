/** What the switch asks of a password at least; a tenant may ask for more characters. */
export const PASSWORD_CHARACTERS_MIN = 12
export const PASSWORD_CHARACTERS_MAX = 256

/** Fewer different characters are a pattern. */
const DIFFERENT_MIN = 5
/** Shorter parts of a name are found in many words. */
const OWN_WORD_MIN = 4
/** So many characters must be left beside the own words. */
const REST_MIN = 8

export interface PasswordRule {
  id: 'length' | 'variety' | 'personal'
  isMet: boolean
}

/**
 * What can be told while a password is typed. The switch knows the passwords that are tried first,
 * and has the last word.
 */
export function passwordRules(password: string, ownWords: readonly string[] = []): PasswordRule[] {
  const characters = [...password]
  return [
    { id: 'length', isMet: characters.length >= PASSWORD_CHARACTERS_MIN },
    { id: 'variety', isMet: new Set(password.toLowerCase()).size >= DIFFERENT_MIN },
    { id: 'personal', isMet: characters.length > 0 && !isPersonal(password, ownWords) },
  ]
}

function isPersonal(password: string, ownWords: readonly string[]): boolean {
  const words = ownWords
    .flatMap((text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u))
    .filter((word) => word.length >= OWN_WORD_MIN)
  const lower = password.toLowerCase()
  const rest = words.reduce((left, word) => left.replaceAll(word, ''), lower)
  return rest.length < lower.length && rest.replaceAll(/[^\p{L}\p{N}]/gu, '').length < REST_MIN
}
