import { useEffectEvent, useLayoutEffect } from 'react'

import { singleKeysPreference } from '~/stores/preferences'
import { type ShortcutId, ShortcutMatcher } from '~/util/shortcuts'

type Handler = (event: KeyboardEvent) => void

const matcher = new ShortcutMatcher()
/** The last one to register answers: a dialog's handler goes before its page's. */
const handlers = new Map<ShortcutId, Handler[]>()

/**
 * Calls `handler` when the shortcut is pressed, as long as the component is mounted. A layout
 * effect, so that a key pressed right after the paint is not lost.
 */
export function useShortcut(id: ShortcutId, handler: Handler, enabled = true): void {
  const current = useEffectEvent(handler)
  useLayoutEffect(() => {
    if (!enabled) return undefined
    const entry: Handler = (event) => current(event)
    handlers.set(id, [...(handlers.get(id) ?? []), entry])
    return () => {
      handlers.set(
        id,
        (handlers.get(id) ?? []).filter((each) => each !== entry),
      )
    }
  }, [id, enabled])
}

/** Mounted once, in the shell. */
export function useShortcutListener(): void {
  useLayoutEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return
      const modified = event.ctrlKey || event.metaKey
      if (!modified && (isTyping(event.target) || isModalOpen())) return
      const id = matcher.press(event, event.timeStamp, singleKeysPreference.get() === 'on')
      const handler = id ? handlers.get(id)?.at(-1) : undefined
      if (!handler) return
      event.preventDefault()
      handler(event)
    }
    document.addEventListener('keydown', listener)
    return () => document.removeEventListener('keydown', listener)
  }, [])
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target instanceof HTMLTextAreaElement ||
      target instanceof HTMLSelectElement ||
      (target instanceof HTMLInputElement && target.type !== 'checkbox'))
  )
}

function isModalOpen(): boolean {
  return document.querySelector('dialog[open], [role="menu"]') !== null
}
