import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'

import { common } from './en/common'
import { errors } from './en/errors'
import { shell } from './en/shell'
import type { KindTexts } from './kind-texts'

export type { KindTexts } from './kind-texts'

/** The texts that every page shows. They are in the first bundle: the first render has them. */
const bundled = { common, errors, shell }

/** The texts of an area: fetched with its first page. Each file exports what it is named. */
const files = {
  access: () => import('./en/access'),
  account: () => import('./en/account'),
  apply: () => import('./en/apply'),
  cdrs: () => import('./en/cdrs'),
  changeSets: () => import('./en/changeSets'),
  configuration: () => import('./en/configuration'),
  events: () => import('./en/events'),
  exchange: () => import('./en/exchange'),
  exchangeReport: () => import('./en/exchangeReport'),
  explain: () => import('./en/explain'),
  fields: () => import('./en/fields'),
  jobs: () => import('./en/jobs'),
  ledger: () => import('./en/ledger'),
  lists: () => import('./en/lists'),
  live: () => import('./en/live'),
  people: () => import('./en/people'),
  palette: () => import('./en/palette'),
  reports: () => import('./en/reports'),
  nettings: () => import('./en/nettings'),
  reratings: () => import('./en/reratings'),
  signIn: () => import('./en/signIn'),
  system: () => import('./en/system'),
  welcome: () => import('./en/welcome'),
}

/** The name of an area's texts. */
export type Area = keyof typeof files

/** The shape of an area's texts, by its name. */
type AreaTexts = {
  [Name in Area]: Awaited<ReturnType<(typeof files)[Name]>> extends Record<Name, infer Texts>
    ? Texts
    : never
}

export const AREAS = Object.keys(files) as Area[]

/** The languages of the console, each called as those call it who read it. */
export const LANGUAGES = { en: 'English', es: 'Español' } as const

export type Language = keyof typeof LANGUAGES

/** The language whose texts are always there: what another lacks is shown in it. */
export const DEFAULT_LANGUAGE = 'en'

const isLanguage = (name: string): name is Language => Object.hasOwn(LANGUAGES, name)

/** The first of somebody's languages that the console speaks: `es-MX` is `es`. */
export function preferredLanguage(wanted: readonly string[]): Language {
  const names = wanted.map((each) => each.split('-')[0]?.toLowerCase() ?? '')
  return names.find(isLanguage) ?? DEFAULT_LANGUAGE
}

void i18next.use(initReactI18next).init({
  lng: DEFAULT_LANGUAGE,
  fallbackLng: DEFAULT_LANGUAGE,
  resources: { en: bundled },
  defaultNS: 'common',
  // React escapes what it renders.
  interpolation: { escapeValue: false },
  // The first render has its texts: nothing is waited for.
  initAsync: false,
  showSupportNotice: false,
})

/** The language that was asked for last: who changes twice in a moment gets the second. */
let wanted: Language = DEFAULT_LANGUAGE

/** Shows the console in a language, at once and everywhere. Its texts are fetched before, once. */
export async function showLanguage(language: Language): Promise<void> {
  wanted = language
  await loadLanguage(language)
  if (wanted === language) await i18next.changeLanguage(language)
}

const kindTexts = new Map<string, KindTexts>()

/** What the switch says of kinds and fields, in a language that was shown; English is its own. */
export function kindTextsIn(language: string): KindTexts | undefined {
  return kindTexts.get(language)
}

async function loadLanguage(language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, 'common')) return
  const { es, kinds } = await import('./es')
  kindTexts.set(language, kinds)
  for (const [area, texts] of Object.entries(es)) i18next.addResourceBundle(language, area, texts)
}

/** Fetches the English texts of areas, once. A route does so before its page is shown. */
export async function loadTexts(...areas: readonly Area[]): Promise<void> {
  const missing = areas.filter((area) => !i18next.hasResourceBundle(DEFAULT_LANGUAGE, area))
  await Promise.all(
    missing.map(async (area) => {
      const texts: Record<string, unknown> = await files[area]()
      i18next.addResourceBundle(DEFAULT_LANGUAGE, area, texts[area])
    }),
  )
}

export default i18next

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common'
    resources: typeof bundled & AreaTexts
  }
}
