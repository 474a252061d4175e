import i18n, { type Language, LANGUAGES, preferredLanguage, showLanguage } from '~/i18n'

import { persistentStore } from './persistent'

/** The choice, kept in the browser. Who never chose gets the first language of the browser that we have. */
export const languageChoice = persistentStore<Language>(
  'didtron.language',
  Object.keys(LANGUAGES) as Language[],
  preferredLanguage(navigator.languages),
)

/** Shows the console in another language, from now on. The choice is kept when its texts are there. */
export async function chooseLanguage(language: Language): Promise<void> {
  await showLanguage(language)
  languageChoice.set(language)
}

/**
 * Shows the console in the language of the choice, and keeps the document in step for as long as
 * the page lives. Without the network for its texts it begins in English.
 */
export async function applyLanguage(): Promise<void> {
  const apply = () => {
    document.documentElement.lang = i18n.language
  }
  i18n.on('languageChanged', apply)
  await showLanguage(languageChoice.get()).catch(() => undefined)
}
