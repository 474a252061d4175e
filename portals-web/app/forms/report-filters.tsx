import { useRef } from 'react'
import { useTranslation } from 'react-i18next'

import { FilterChip } from '~/components/FilterChip'
import { useShortcut } from '~/hooks/use-shortcut'
import { Button } from '~/ui/lib/Button'
import { DEFAULT_DAYS, REPORT_DAYS, REPORT_GROUPS } from '~/util/report-days'
import type { ReportsSearch } from '~/util/searches'

import { ChoiceEditor } from './filter-editors'
import { KnownNameEditor } from './known-name-editor'

export interface ReportFiltersProps {
  search: ReportsSearch
  onChange: (change: Partial<ReportsSearch>) => void
}

/** Calls have ingress trunks, attempts have carriers: what does not go together is not offered. */
export function ReportFilters({ search, onChange }: ReportFiltersProps) {
  const { t } = useTranslation('reports')
  const ref = useRef<HTMLDivElement>(null)
  useShortcut('filter', () => ref.current?.querySelector<HTMLElement>('[data-filter]')?.focus())
  const days = search.days ?? DEFAULT_DAYS
  const daysText = (value: string) => t('lastDays', { count: Number(value) })
  const isHourly = Number(days) <= 31
  const groups = REPORT_GROUPS.filter(
    (group) =>
      (group !== 'ingress_trunk' || search.carrier === undefined) && (group !== 'hour' || isHourly),
  )
  const names = (['customer', 'carrier'] as const).filter(
    (name) => name === 'customer' || search.by !== 'ingress_trunk',
  )
  return (
    <div
      ref={ref}
      role="group"
      aria-label={t('filter.label')}
      className="flex flex-wrap items-center gap-2"
    >
      <FilterChip
        name={t('filter.days')}
        value={daysText(days)}
        onClear={() => onChange({ days: undefined })}
      >
        {(close) => (
          <div className="p-2">
            <ChoiceEditor
              label={t('filter.days')}
              options={REPORT_DAYS.map((value) => ({ value, label: daysText(value) }))}
              value={days}
              onApply={(value) => {
                onChange({ days: value })
                close()
              }}
            />
          </div>
        )}
      </FilterChip>
      <FilterChip
        name={t('by.label')}
        value={t(`by.${search.by ?? 'day'}`)}
        onClear={() => onChange({ by: undefined })}
      >
        {(close) => (
          <div className="p-2">
            <ChoiceEditor
              label={t('by.label')}
              options={groups.map((value) => ({ value, label: t(`by.${value}`) }))}
              value={search.by ?? 'day'}
              onApply={(by) => {
                onChange({ by })
                close()
              }}
            />
          </div>
        )}
      </FilterChip>
      {names.map((name) => (
        <FilterChip
          key={name}
          name={t(`filter.${name}`)}
          value={search[name]}
          onClear={() => onChange({ [name]: undefined })}
        >
          {(close) => (
            <KnownNameEditor
              label={t(`filter.${name}`)}
              plural={`${name}s`}
              value={search[name]}
              onApply={(value) => {
                onChange({ [name]: value })
                close()
              }}
            />
          )}
        </FilterChip>
      ))}
      <label className="flex h-7 items-center gap-2 px-1 text-meta text-ink-2">
        <input
          type="checkbox"
          checked={search.compare !== undefined}
          onChange={({ target }) => onChange({ compare: target.checked ? 'previous' : undefined })}
        />
        {t('compare')}
      </label>
      {search.customer !== undefined || search.carrier !== undefined ? (
        <Button
          variant="quiet"
          size="toolbar"
          onClick={() => onChange({ customer: undefined, carrier: undefined })}
        >
          {t('clearFilters')}
        </Button>
      ) : null}
    </div>
  )
}
