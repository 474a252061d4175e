import { useTranslation } from 'react-i18next'

import { type Language, LANGUAGES } from '~/i18n'
import { chooseLanguage } from '~/stores/language'

/** The languages to choose from, each in its own words. */
export const LANGUAGE_OPTIONS = (Object.keys(LANGUAGES) as Language[]).map((value) => ({
  value,
  label: LANGUAGES[value],
}))

/** The language that is shown, and the way to another. Without the network nothing changes. */
export function useLanguage(onFailure: () => void): {
  language: Language
  choose: (language: Language) => void
} {
  const { i18n } = useTranslation()
  return {
    language: i18n.language as Language,
    choose: (language) => {
      chooseLanguage(language).catch(onFailure)
    },
  }
}
