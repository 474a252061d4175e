/**
 * Every keyboard shortcut there is. `keys` is one press (`?`, `mod+k`) or two in a row (`g h`).
 * `mod` is Ctrl, or Cmd on a Mac. The help sheet lists this table, so it cannot forget one.
 */
export const SHORTCUTS = {
  palette: { keys: 'mod+k', group: 'general' },
  help: { keys: '?', group: 'general' },
  submenu: { keys: '[', group: 'general' },
  filter: { keys: '/', group: 'general' },
  create: { keys: 'c', group: 'general' },
  save: { keys: 'mod+s', group: 'general' },
  goLive: { keys: 'g h', group: 'goTo' },
  goCalls: { keys: 'g m', group: 'goTo' },
  goCdrs: { keys: 'g l', group: 'goTo' },
  goExplain: { keys: 'g r', group: 'goTo' },
  goConfiguration: { keys: 'g c', group: 'goTo' },
  goSystem: { keys: 'g n', group: 'goTo' },
  rowNext: { keys: 'j', group: 'tables' },
  rowPrevious: { keys: 'k', group: 'tables' },
  rowChoose: { keys: 'x', group: 'tables' },
} as const

export type ShortcutId = keyof typeof SHORTCUTS
export type ShortcutGroup = (typeof SHORTCUTS)[ShortcutId]['group']

/** What a key press looks like to the matcher. */
export interface KeyPress {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
}

/** The first key of a two-key shortcut waits this long for the second. */
export const SEQUENCE_MS = 1_200

/**
 * Turns key presses into shortcuts. `press` gives the shortcut that the press completes, or null.
 * With single keys off only shortcuts with a modifier remain.
 */
export class ShortcutMatcher {
  #prefix: { key: string; at: number } | null = null

  press(event: KeyPress, nowMs: number, singleKeys: boolean): ShortcutId | null {
    if (event.altKey) return null
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    if (event.ctrlKey || event.metaKey) return find(`mod+${key}`)
    if (!singleKeys) return null

    const prefix = this.#prefix
    this.#prefix = null
    if (prefix && nowMs - prefix.at <= SEQUENCE_MS) {
      const found = find(`${prefix.key} ${key}`)
      if (found) return found
    }
    if (isPrefix(key)) {
      this.#prefix = { key, at: nowMs }
      return null
    }
    return find(key)
  }
}

/** The keys of a shortcut, one list per press, for showing: `[['Ctrl','K']]`, `[['G'],['H']]`. */
export function keyCaps(id: ShortcutId, mac: boolean): string[][] {
  return SHORTCUTS[id].keys.split(' ').map((press) =>
    press.split('+').map((key) => {
      if (key === 'mod') return mac ? '⌘' : 'Ctrl'
      return key.toUpperCase()
    }),
  )
}

export function isMac(platform: string): boolean {
  return /mac|iphone|ipad/i.test(platform)
}

const IDS = Object.keys(SHORTCUTS) as ShortcutId[]

function find(keys: string): ShortcutId | null {
  return IDS.find((id) => SHORTCUTS[id].keys === keys) ?? null
}

function isPrefix(key: string): boolean {
  return IDS.some((id) => SHORTCUTS[id].keys.startsWith(`${key} `))
}
