import { useSyncExternalStore } from 'react'

import { persistentStore } from './persistent'

export const THEME_CHOICES = ['light', 'dark', 'system'] as const
export type ThemeChoice = (typeof THEME_CHOICES)[number]
export type Theme = 'light' | 'dark'

/** The choice. `public/boot-theme.js` reads the same key before the first paint. */
export const themeChoice = persistentStore<ThemeChoice>('didtron.theme', THEME_CHOICES, 'system')

const systemIsDark = () => matchMedia('(prefers-color-scheme: dark)')

/** What the choice means at the moment. */
export function theme(): Theme {
  const choice = themeChoice.get()
  if (choice !== 'system') return choice
  return systemIsDark().matches ? 'dark' : 'light'
}

/** Calls back when the theme may have changed: by choice, or by the system. */
export function onThemeChange(listener: () => void): () => void {
  const media = systemIsDark()
  const unsubscribe = themeChoice.subscribe(listener)
  media.addEventListener('change', listener)
  return () => {
    unsubscribe()
    media.removeEventListener('change', listener)
  }
}

export function useTheme(): Theme {
  return useSyncExternalStore(onThemeChange, theme)
}

/** Keeps the document in step with the choice for as long as the page lives. */
export function applyTheme(): void {
  const apply = () => {
    document.documentElement.dataset['theme'] = theme()
  }
  apply()
  onThemeChange(apply)
}
