import { useSyncExternalStore } from 'react'

const KEY = 'didtron-working-set'
const listeners = new Set<() => void>()
let current = read()

/**
 * The change set that drafts go into, by its number: of this browser tab, so that two tabs can work
 * on two.
 */
export const workingSet = {
  get: (): number | null => current,
  set: (id: number | null): void => {
    current = id
    try {
      if (id === null) sessionStorage.removeItem(KEY)
      else sessionStorage.setItem(KEY, String(id))
    } catch {
      // Storage can be forbidden; it then lasts as long as the page.
    }
    for (const listener of listeners) listener()
  },
}

export function useWorkingSet(): number | null {
  return useSyncExternalStore(subscribe, workingSet.get)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function read(): number | null {
  try {
    const stored = Number(sessionStorage.getItem(KEY))
    return Number.isSafeInteger(stored) && stored > 0 ? stored : null
  } catch {
    return null
  }
}
