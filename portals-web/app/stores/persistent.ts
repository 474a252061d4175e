import { useSyncExternalStore } from 'react'

export interface PersistentStore<T extends string> {
  get(): T
  set(value: T): void
  subscribe(listener: () => void): () => void
}

/** One small choice of the user, kept in the browser. Anything else belongs in the address. */
export function persistentStore<T extends string>(
  key: string,
  allowed: readonly T[],
  fallback: T,
): PersistentStore<T> {
  const listeners = new Set<() => void>()
  let value = read()

  function read(): T {
    try {
      const stored = localStorage.getItem(key)
      return allowed.find((each) => each === stored) ?? fallback
    } catch {
      // Storage can be forbidden; the choice then lasts as long as the page.
      return fallback
    }
  }

  return {
    get: () => value,
    set(next) {
      value = next
      try {
        localStorage.setItem(key, next)
      } catch {
        // As above.
      }
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export function useStore<T extends string>(store: PersistentStore<T>): T {
  return useSyncExternalStore(store.subscribe, store.get)
}
