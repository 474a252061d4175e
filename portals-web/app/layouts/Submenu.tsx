import { Link, type LinkOptions, useLocation, useRouter } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useKinds } from '~/hooks/use-kinds'
import { Input } from '~/ui/lib/Field'
import { folded } from '~/util/fuzzy'
import { groupKinds } from '~/util/kind-groups'
import { pb } from '~/util/path-builder'

import { PAGES, type SectionId } from './navigation'

export interface SubmenuProps {
  section: SectionId
  /** Over the page on a narrow screen, beside it on a wide one. */
  overlay: boolean
  onLeave: () => void
}

/** More entries than these can be filtered. */
const LONG = 12

interface Entry {
  key: string
  label: string
  link: LinkOptions
}

/** The pages of a section. */
export function Submenu({ section, overlay, onLeave }: SubmenuProps) {
  const { t } = useTranslation('shell')
  const groups = useGroups(section)
  const currentKey = useCurrentKey(groups.flatMap(({ entries }) => entries))
  const [typed, setTyped] = useState('')
  const shown = matching(groups, typed)
  const isLong = groups.flatMap(({ entries }) => entries).length > LONG
  return (
    // Escape leaves from any of its links.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <nav
      aria-label={t('sectionNavigation', { section: t(`section.${section}`) })}
      className={clsx(
        'w-56 shrink-0 overflow-y-auto border-e border-line bg-surface px-2 py-3',
        overlay &&
          'layer-popover absolute inset-y-0 start-14 animate-[layer-in_120ms_ease-out] shadow-layer',
      )}
      onKeyDown={(event) => {
        if (overlay && event.key === 'Escape') onLeave()
      }}
    >
      {isLong ? (
        <Input
          type="search"
          aria-label={t('submenu.filter')}
          placeholder={t('submenu.filter')}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          className="mb-3 h-7! px-2! text-body!"
        />
      ) : null}
      {shown.map(({ label, entries }) => (
        <section key={label} className="mb-3">
          <h2 className="px-2 pb-1 text-label font-medium tracking-[0.04em] text-ink-3 uppercase">
            {label}
          </h2>
          <ul>
            {entries.map(({ key, label: name, link }) => {
              const current = key === currentKey
              return (
                <li key={key}>
                  <Link
                    {...link}
                    preload="intent"
                    aria-current={current ? 'page' : undefined}
                    onClick={overlay ? onLeave : undefined}
                    className={clsx(
                      'flex h-[30px] items-center justify-between rounded-control px-2',
                      current
                        ? 'bg-selected font-medium text-link'
                        : 'text-ink-2 hover:bg-hover hover:text-ink',
                    )}
                  >
                    <span className="truncate">{name}</span>
                  </Link>
                </li>
              )
            })}
          </ul>
        </section>
      ))}
    </nav>
  )
}

interface Group {
  label: string
  entries: Entry[]
}

function useGroups(section: SectionId): Group[] {
  const { t } = useTranslation('shell')
  const { data = [] } = useKinds({ enabled: section === 'configuration' })

  const pages = PAGES.filter((page) => page.section === section)
  const groups = [...new Set(pages.map(({ group }) => group))].map((group) => ({
    label: t(`group.${group}`),
    entries: pages
      .filter((page) => page.group === group)
      .map(({ id, link }): Entry => ({ key: id, label: t(`page.${id}`), link })),
  }))
  if (section !== 'configuration') return groups
  const ofKinds = groupKinds(data).map(({ group, kinds }) => ({
    label: t(`group.${group}`),
    entries: kinds.map(({ kind, title_plural }) => ({
      key: kind,
      label: title_plural,
      link: pb.resources(kind),
    })),
  }))
  return [...ofKinds, ...groups]
}

/** The entries that hold what is typed. */
function matching(groups: readonly Group[], typed: string): Group[] {
  const wanted = folded(typed.trim())
  return groups
    .map(({ label, entries }) => ({
      label,
      entries: entries.filter(({ label: name }) => folded(name).includes(wanted)),
    }))
    .filter(({ entries }) => entries.length > 0)
}

/**
 * The entry whose address is the present one or the longest part of it, so that a record belongs to
 * its list. An entry that asks for an outcome is current only when that outcome is asked.
 */
function useCurrentKey(entries: readonly Entry[]): string | undefined {
  const router = useRouter()
  const { pathname, search } = useLocation()
  const outcome = 'outcome' in search ? search.outcome : undefined
  return entries
    .map(({ key, link }) => ({ key, target: router.buildLocation(link) }))
    .filter(({ target }) => {
      const wanted = new URLSearchParams(target.searchStr).get('outcome') ?? undefined
      const isInside = `${pathname}/`.startsWith(`${target.pathname}/`)
      return isInside && wanted === outcome
    })
    .toSorted((a, b) => b.target.pathname.length - a.target.pathname.length)[0]?.key
}
