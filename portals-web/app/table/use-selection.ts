import { useState } from 'react'

import type { Selection } from './column'

export interface Chosen extends Selection {
  keys: readonly string[]
  clear: () => void
}

/** The rows that are chosen on this page. `order` is the keys as they are shown, for ranges. */
export function useSelection(order: readonly string[]): Chosen {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [last, setLast] = useState<string | null>(null)
  // Rows that are no longer shown are no longer chosen.
  const keys = order.filter((key) => chosen.has(key))

  return {
    keys,
    has: (key) => chosen.has(key),
    clear: () => setChosen(new Set()),
    toggle: (key, isRange) => {
      const isOn = !chosen.has(key)
      const next = new Set(keys)
      for (const each of isRange ? between(order, last ?? key, key) : [key]) {
        if (isOn) next.add(each)
        else next.delete(each)
      }
      setChosen(next)
      setLast(key)
    },
    toggleAll: (page) => {
      const isFull = page.every((key) => chosen.has(key))
      setChosen(new Set(isFull ? [] : page))
    },
  }
}

function between(order: readonly string[], a: string, b: string): readonly string[] {
  const [from = 0, to = 0] = [order.indexOf(a), order.indexOf(b)].toSorted((x, y) => x - y)
  return order.slice(Math.max(0, from), to + 1)
}
