import { fieldLabel, wordLabel } from './field-label.ts'

/** Words of another language, by the names of the API. */
export interface Dictionary {
  kinds: Readonly<Record<string, { one: string }>>
  fields: Readonly<Record<string, string>>
  choices: Readonly<Record<string, string>>
  areas: Readonly<Record<string, string>>
  verbs: Readonly<Record<string, string>>
}

/** What fields and their values are called on a screen. */
export interface FieldWords {
  /** Of a path: `limits.cps` → `Limits · CPS`. */
  field: (path: string) => string
  /** Of a value of a choice. */
  choice: (value: string) => string
  /** Of what a permission is over, and of what it allows to do: the two parts of `audit.export`. */
  area: (area: string) => string
  verb: (verb: string) => string
}

const ENGLISH: FieldWords = {
  field: fieldLabel,
  choice: wordLabel,
  area: fieldLabel,
  verb: wordLabel,
}

/** The words of a language; what its dictionary lacks is made of the API's own names. */
export function fieldWords(dictionary: Dictionary | undefined): FieldWords {
  if (!dictionary) return ENGLISH
  const { kinds, fields, choices, areas, verbs } = dictionary
  const known = (words: Readonly<Record<string, string>>, name: string) =>
    Object.hasOwn(words, name) ? words[name] : undefined
  return {
    field: (path) => {
      const parts = path.split('.').map((part) => {
        const name = part.replace(/\[\d+\]$/, '')
        return known(fields, name) ?? fieldLabel(name)
      })
      return parts.map((part, index) => (index === 0 ? part : startSmall(part))).join(' · ')
    },
    choice: (value) => known(choices, value) ?? wordLabel(value),
    area: (area) =>
      known(areas, area) ??
      (Object.hasOwn(kinds, area) ? kinds[area]?.one : undefined) ??
      fieldLabel(area),
    verb: (verb) => known(verbs, verb) ?? wordLabel(verb),
  }
}

/** `Precio` → `precio`, while `CPS` and `Re-INVITE` stay. */
function startSmall(label: string): string {
  return /^\p{Lu}\S*\p{Lu}/u.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1)
}
