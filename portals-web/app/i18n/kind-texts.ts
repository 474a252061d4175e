/** The name of a kind of resource, of one and of many. */
export interface KindName {
  one: string
  many: string
}

/**
 * What the switch says in English of kinds of resources and their fields, in another language. What
 * is missing is shown as the switch says it.
 */
export interface KindTexts {
  /** By the kind. */
  kinds: Record<string, KindName>
  /** Labels, by the name of a field; by `kind.field` where a kind means something else by it. */
  fields: Record<string, string>
  /** Values of choices, by the value. */
  choices: Record<string, string>
  /** The two parts of a permission, `audit.export`. */
  areas: Record<string, string>
  verbs: Record<string, string>
  /**
   * Help, meanings of choices, units and defaults, by the English words: a text that the switch has
   * since said anew is shown in English rather than in an outdated translation.
   */
  sentences: Record<string, string>
}
