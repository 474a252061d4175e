import type { TFunction } from 'i18next'
import { useQueries, useQuery } from '@tanstack/react-query'
import { type LinkOptions, useRouter } from '@tanstack/react-router'
import {
  Boxes,
  Globe,
  Languages,
  LogOut,
  type LucideIcon,
  Monitor,
  Moon,
  PhoneCall,
  Plus,
  Sun,
  Waypoints,
} from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { type Kind, kindsQuery } from '~/api/kinds'
import { namesQuery } from '~/api/resources'
import { useDebounced } from '~/hooks/use-debounced'
import { useKinds } from '~/hooks/use-kinds'
import { LANGUAGE_OPTIONS, useLanguage } from '~/hooks/use-language'
import { DEFAULT_LANGUAGE, type Language } from '~/i18n'
import { zonePreference } from '~/stores/preferences'
import { themeChoice } from '~/stores/theme'
import { formatE164, toDialString } from '~/util/e164'
import { fuzzyScore } from '~/util/fuzzy'
import { pb } from '~/util/path-builder'
import { inSentence } from '~/util/sentence'
import { zoneLabel } from '~/util/time'

import { PAGES, SECTIONS } from './navigation'

export interface Command {
  id: string
  group: 'records' | 'goTo' | 'actions'
  label: string
  hint?: string
  /** Its words in English, by which it is found in every language. */
  english?: string | undefined
  icon: LucideIcon
  run: () => void
}

/** More than one screen of results is not read. */
const MAX_RESULTS = 12

/** What some commands end in: it is told to the shell, which outlives the palette. */
export interface CommandEnds {
  onSignOut: () => void
  onLanguageFailure: () => void
}

/** What the palette offers for a typed text, best first within each group. */
export function useCommands(query: string, ends: CommandEnds): Command[] {
  const all = useAllCommands(ends)
  const records = [...useRecordCommands(query), ...useResourceCommands(query)]
  const matching = all
    .map((command) => ({
      command,
      score: bestScore(query, `${command.label} ${command.hint ?? ''}`, command.english),
    }))
    .filter(({ score }) => score !== null)
    .toSorted((a, b) => Number(b.score) - Number(a.score))
    .map(({ command }) => command)
  const found = [...records, ...matching].slice(0, MAX_RESULTS)
  const groups: Command['group'][] = ['records', 'goTo', 'actions']
  return groups.flatMap((group) => found.filter((command) => command.group === group))
}

/** Who knows a page by its English name finds it, whatever language is shown. */
function bestScore(query: string, label: string, english: string | undefined): number | null {
  const own = fuzzyScore(query, label)
  const other = english === undefined ? null : fuzzyScore(query, english)
  return own === null || other === null ? (own ?? other) : Math.max(own, other)
}

function useAllCommands({ onSignOut, onLanguageFailure }: CommandEnds): Command[] {
  const { t, i18n } = useTranslation(['shell', 'palette'])
  const go = useGo()
  const { choose } = useLanguage(onLanguageFailure)
  const { data: kinds = [] } = useKinds()
  const { data: asServed = [] } = useQuery(kindsQuery)
  const commands = commandsIn(t, { kinds, go, choose, onSignOut })
  if (i18n.language === DEFAULT_LANGUAGE) return commands
  const inEnglish = i18n.getFixedT<('shell' | 'palette')[]>(DEFAULT_LANGUAGE, ['shell', 'palette'])
  const english = new Map(
    commandsIn(inEnglish, { kinds: asServed, go, choose, onSignOut }).map(({ id, label, hint }) => [
      id,
      `${label} ${hint ?? ''}`,
    ]),
  )
  return commands.map((command) => ({ ...command, english: english.get(command.id) }))
}

interface Means {
  kinds: readonly Kind[]
  go: (link: LinkOptions) => void
  choose: (language: Language) => void
  onSignOut: () => void
}

/** All commands that need no typed text, in the language of `t`. */
function commandsIn(
  t: TFunction<('shell' | 'palette')[]>,
  { kinds: data, go, choose, onSignOut }: Means,
): Command[] {
  const pages = PAGES.map((page): Command => {
    const section = SECTIONS.find(({ id }) => id === page.section)
    return {
      id: page.id,
      group: 'goTo',
      label: t(`page.${page.id}`),
      hint: t(`section.${page.section}`),
      icon: section?.icon ?? Boxes,
      run: () => go(page.link),
    }
  })
  const kinds = data.map(({ kind, title_plural }): Command => ({
    id: `kind-${kind}`,
    group: 'goTo',
    label: title_plural,
    hint: t('section.configuration'),
    icon: Boxes,
    run: () => go(pb.resources(kind)),
  }))
  const making = data
    .filter(({ can_write }) => can_write)
    .map(({ kind, title }): Command => ({
      id: `new-${kind}`,
      group: 'actions',
      label: t('palette:search.create', { kind: inSentence(title) }),
      icon: Plus,
      run: () => go(pb.newResource(kind)),
    }))
  const action = (id: string, label: string, icon: LucideIcon, run: () => void): Command => ({
    id,
    group: 'actions',
    label,
    icon,
    run,
  })
  const theme = (name: 'light' | 'dark' | 'system') =>
    t('theme.label', { theme: t(`theme.${name}`) })
  return [
    ...pages,
    ...kinds,
    action('theme-light', theme('light'), Sun, () => themeChoice.set('light')),
    action('theme-dark', theme('dark'), Moon, () => themeChoice.set('dark')),
    action('theme-system', theme('system'), Monitor, () => themeChoice.set('system')),
    action('zone-utc', `${t('zone.label')}: ${t('zone.utc')}`, Globe, () =>
      zonePreference.set('utc'),
    ),
    action(
      'zone-local',
      `${t('zone.label')}: ${t('zone.local', { zone: zoneLabel('local') })}`,
      Globe,
      () => zonePreference.set('local'),
    ),
    ...LANGUAGE_OPTIONS.map(({ value, label }) =>
      action(`language-${value}`, `${t('language.label')}: ${label}`, Languages, () =>
        choose(value),
      ),
    ),
    action('sign-out', t('user.signOut'), LogOut, onSignOut),
    ...making,
  ]
}

/** The kinds whose records are found by their names. */
const FOUND_KINDS = new Set(['customer', 'carrier', 'trunk', 'rate_card'])
/** Records of one kind that are offered. */
const FOUND_MAX = 4

/** Records of the switch whose names begin with what is typed. */
function useResourceCommands(query: string): Command[] {
  const go = useGo()
  const typed = useDebounced(query.trim())
  const { data = [] } = useKinds()
  const kinds = data.filter(({ kind }) => FOUND_KINDS.has(kind))
  const found = useQueries({
    queries: kinds.map(({ plural }) => ({
      ...namesQuery(plural, typed, FOUND_MAX),
      enabled: typed.length >= 2,
    })),
  })
  if (typed.length < 2) return []
  return kinds.flatMap(({ kind, title }, index) =>
    (found[index]?.data ?? []).map((name): Command => ({
      id: `resource-${kind}-${name}`,
      group: 'records',
      label: name,
      hint: title,
      icon: Boxes,
      run: () => go(pb.resource(kind, name)),
    })),
  )
}

/** A call id opens the record; a number leads to its calls and its route. */
function useRecordCommands(query: string): Command[] {
  const { t } = useTranslation(['shell', 'palette'])
  const go = useGo()
  const typed = query.trim()
  const id = typed.replace(/^#/, '').toLowerCase()
  if (/^[0-9a-f]{32}$/.test(id)) {
    return [
      {
        id: 'open-call',
        group: 'records',
        label: t('palette:search.openCall', { id }),
        icon: PhoneCall,
        run: () => go(pb.cdr(id)),
      },
    ]
  }
  const digits = toDialString(typed)
  if (!/^\d{3,15}$/.test(digits)) return []
  const number = formatE164(digits)
  return [
    {
      id: 'calls-to',
      group: 'records',
      label: t('palette:search.callsTo', { number }),
      icon: PhoneCall,
      run: () => go(pb.cdrs({ called_prefix: digits })),
    },
    {
      id: 'explain-to',
      group: 'records',
      label: t('palette:search.explainTo', { number }),
      icon: Waypoints,
      run: () => go(pb.explain({ to: digits })),
    },
  ]
}

function useGo(): (link: LinkOptions) => void {
  const router = useRouter()
  return (link) => void router.navigate(link)
}
