import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { type Kind, kindsQuery } from '~/api/kinds'
import { kindTextsIn } from '~/i18n'
import { localizedKind } from '~/util/localized-kind'

/** Kinds in other languages than the switch speaks, made once for each answer of it. */
const made = new WeakMap<readonly Kind[], Map<string, Kind[]>>()

function localized(kinds: Kind[], language: string): Kind[] {
  const texts = kindTextsIn(language)
  if (!texts) return kinds
  const byLanguage = made.get(kinds) ?? new Map<string, Kind[]>()
  made.set(kinds, byLanguage)
  const known = byLanguage.get(language)
  if (known) return known
  const fresh = kinds.map((kind) => localizedKind(kind, texts))
  byLanguage.set(language, fresh)
  return fresh
}

/** The kinds, in the language that is shown. */
export function useKinds({ enabled = true }: { enabled?: boolean } = {}) {
  const { language } = useTranslation().i18n
  const { data, error, refetch } = useQuery({ ...kindsQuery, enabled })
  return { data: data && localized(data, language), error, refetch }
}

/** A kind by its name; undefined until the kinds are known, null when there is none of it. */
export function useKind(name: string): Kind | undefined | null {
  const { data } = useKinds()
  return data && (data.find(({ kind }) => kind === name) ?? null)
}

/** The name of a kind, of many or of one. One that is not known is shown by its own name. */
export function useKindName(): (kind: string, form?: 'one' | 'many') => string {
  const { data } = useKinds()
  return (kind, form = 'many') => {
    const found = data?.find((each) => each.kind === kind)
    if (found) return form === 'one' ? found.title : found.title_plural
    const words = kind.replaceAll('_', ' ')
    return words.charAt(0).toUpperCase() + words.slice(1)
  }
}
