import { useSyncExternalStore } from 'react'

export interface Toast {
  id: number
  text: string
}

/** More than these are not read. */
const TOASTS_MAX = 3
const SHOWN_MS = 5_000

let toasts: readonly Toast[] = []
let lastId = 0
const listeners = new Set<() => void>()

/** Says that something is done. What needs a decision, and what failed, is said where it is. */
export function toast(text: string): void {
  lastId += 1
  const id = lastId
  put([...toasts, { id, text }].slice(-TOASTS_MAX))
  setTimeout(() => dismiss(id), SHOWN_MS)
}

export function dismiss(id: number): void {
  put(toasts.filter((each) => each.id !== id))
}

export function useToasts(): readonly Toast[] {
  return useSyncExternalStore(subscribe, () => toasts)
}

function put(next: readonly Toast[]): void {
  toasts = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
