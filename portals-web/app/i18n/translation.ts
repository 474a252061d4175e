/**
 * The shape of an area's texts in another language than English: the same keys, and one more for
 * each plural, because the languages that we have beside English tell millions apart
 * (`1.000.000 de llamadas`). A key that is missing or too much is a type error.
 */
export type Translation<English> = {
  [Key in keyof English | Many<keyof English>]: Key extends keyof English
    ? English[Key] extends string
      ? string
      : Translation<English[Key]>
    : string
}

type Many<Key> = Key extends `${infer Stem}_one` ? `${Stem}_many` : never
