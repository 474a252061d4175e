import { useLocation, useRouter } from '@tanstack/react-router'

export interface Pages {
  isFirst: boolean
  newest: () => void
  /** Null on the first page, and where the page before is not known (a link from elsewhere). */
  newer: (() => void) | null
  /** Null on the last page. */
  older: (() => void) | null
}

/**
 * Steps through cursor pages. The cursor stands in the address; the way back, which a cursor does
 * not know, is kept in the history entry.
 */
export function usePages(cursor: string | undefined, next: string | null | undefined): Pages {
  const router = useRouter()
  const trail = useLocation({ select: ({ state }) => state.trail }) ?? []

  const go = (to: string | undefined, newTrail: string[]) =>
    void router.navigate({
      to: '.',
      search: (search) => ({ ...search, cursor: to }),
      state: { trail: newTrail },
    })

  const before = trail.at(-1)
  return {
    isFirst: cursor === undefined,
    newest: () => go(undefined, []),
    newer: before === undefined ? null : () => go(before || undefined, trail.slice(0, -1)),
    older: next ? () => go(next, [...trail, cursor ?? '']) : null,
  }
}
