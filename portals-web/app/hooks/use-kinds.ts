import { useQuery } from '@tanstack/react-query'

import { type Kind, kindsQuery } from '~/api/kinds'

/** A kind by its name; undefined until the kinds are known, null when there is none of it. */
export function useKind(name: string): Kind | undefined | null {
  const { data } = useQuery(kindsQuery)
  return data && (data.find(({ kind }) => kind === name) ?? null)
}

/** The name of a kind, of many or of one. One that is not known is shown by its own name. */
export function useKindName(): (kind: string, form?: 'one' | 'many') => string {
  const { data } = useQuery(kindsQuery)
  return (kind, form = 'many') => {
    const found = data?.find((each) => each.kind === kind)
    if (found) return form === 'one' ? found.title : found.title_plural
    const words = kind.replaceAll('_', ' ')
    return words.charAt(0).toUpperCase() + words.slice(1)
  }
}
