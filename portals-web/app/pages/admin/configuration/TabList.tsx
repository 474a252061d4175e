import { Link } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { useTranslation } from 'react-i18next'

import type { ResourceTab } from '~/util/searches'

export interface TabListProps {
  tabs: readonly ResourceTab[]
  active: ResourceTab
  /** How many faults are on a tab. */
  faults: Partial<Record<ResourceTab, number>>
}

/** The parts of a record. The address says which is open; the form is one over all of them. */
export function TabList({ tabs, active, faults }: TabListProps) {
  const { t } = useTranslation('configuration')
  return (
    <nav
      aria-label={t('tab.label')}
      className="layer-tabs sticky top-0 flex shrink-0 gap-5 overflow-x-auto border-b border-line bg-surface px-5"
    >
      {tabs.map((tab) => (
        <Link
          key={tab}
          to="."
          search={({ change_set, draft }) => ({
            change_set,
            draft,
            tab: tab === tabs[0] ? undefined : tab,
          })}
          replace
          aria-current={tab === active ? 'page' : undefined}
          className={clsx(
            'flex h-10 shrink-0 items-center gap-1.5 border-b-2 font-medium',
            tab === active
              ? 'border-primary text-ink'
              : 'border-transparent text-ink-2 hover:text-ink',
          )}
        >
          {t(`tab.${tab}`)}
          {faults[tab] ? (
            <span className="rounded-full bg-badge-danger-bg px-1.5 text-meta text-badge-danger">
              <span aria-hidden>{faults[tab]}</span>
              <span className="sr-only">{t('tab.faults', { count: faults[tab] })}</span>
            </span>
          ) : null}
        </Link>
      ))}
    </nav>
  )
}
