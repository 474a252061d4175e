import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'

import { apply } from './en/apply'
import { cdrs } from './en/cdrs'
import { common } from './en/common'
import { configuration } from './en/configuration'
import { errors } from './en/errors'
import { explain } from './en/explain'
import { live } from './en/live'
import { shell } from './en/shell'
import { system } from './en/system'

/** The catalogue that all others translate; its shape is the type of every key. */
export const en = { common, shell, live, cdrs, explain, configuration, apply, system, errors }

/** A further language is one more entry here, loaded when it is chosen. */
const languages = { en }

export const DEFAULT_LANGUAGE = 'en'

void i18next.use(initReactI18next).init({
  lng: DEFAULT_LANGUAGE,
  fallbackLng: DEFAULT_LANGUAGE,
  resources: languages,
  defaultNS: 'common',
  // React escapes what it renders.
  interpolation: { escapeValue: false },
  // All texts are in the bundle: the first render has them.
  initAsync: false,
  showSupportNotice: false,
})

export default i18next

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common'
    resources: typeof en
  }
}
