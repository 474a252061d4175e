import { type KeyboardEvent, useState } from 'react'

import { useShortcut } from '~/hooks/use-shortcut'

/** J, K and the arrows move between row links; one of them at a time is in the tab order. */
export function useRowKeys(bodyRef: { current: HTMLTableSectionElement | null }, enabled: boolean) {
  const [tabStop, setTabStop] = useState(0)

  const links = () => [...(bodyRef.current?.querySelectorAll<HTMLElement>('[data-row-link]') ?? [])]
  const move = (by: 1 | -1) => {
    const all = links()
    const at = all.findIndex((link) => link === document.activeElement)
    const next = at === -1 ? (by === 1 ? 0 : all.length - 1) : at + by
    all[Math.max(0, Math.min(all.length - 1, next))]?.focus()
  }

  useShortcut('rowNext', () => move(1), enabled)
  useShortcut('rowPrevious', () => move(-1), enabled)
  useShortcut(
    'rowChoose',
    () => {
      const row = document.activeElement?.closest('tr')
      row?.querySelector<HTMLElement>('[data-row-choice]')?.click()
    },
    enabled,
  )

  return {
    tabStop,
    onFocus: (event: { target: EventTarget }) => {
      const at = links().findIndex((link) => link === event.target)
      if (at !== -1) setTabStop(at)
    },
    onKeyDown: (event: KeyboardEvent) => {
      if (!enabled) return
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault()
        move(event.key === 'ArrowDown' ? 1 : -1)
      }
      if (event.key === 'Escape' && document.activeElement instanceof HTMLElement) {
        document.activeElement.blur()
      }
    },
  }
}
