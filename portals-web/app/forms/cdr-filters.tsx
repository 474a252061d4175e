import { useRef } from 'react'
import { useTranslation } from 'react-i18next'

import { FilterChip } from '~/components/FilterChip'
import { useFormat } from '~/hooks/use-format'
import { useShortcut } from '~/hooks/use-shortcut'
import { Button } from '~/ui/lib/Button'
import { CDR_FACT_NAMES, type CdrFacts } from '~/util/cdr-facts'
import { formatE164 } from '~/util/e164'
import { type CdrsSearch, OUTCOMES } from '~/util/searches'

import { CdrFactFilters } from './cdr-fact-filters'
import { ChoiceEditor, PrefixEditor, TimeEditor, type TimeRange } from './filter-editors'
import { KnownNameEditor } from './known-name-editor'

export interface CdrFiltersProps {
  search: CdrsSearch
  onChange: (change: Partial<CdrsSearch>) => void
}

/** What is not set, for clearing all. Paging begins anew with each change. */
export const NO_FILTERS: Partial<CdrsSearch> = {
  customer: undefined,
  carrier: undefined,
  outcome: undefined,
  called_prefix: undefined,
  last: undefined,
  from: undefined,
  to: undefined,
  ...(Object.fromEntries(CDR_FACT_NAMES.map((fact) => [fact, undefined])) as CdrFacts),
}

export function hasFilters(search: CdrsSearch): boolean {
  const keys = Object.keys(NO_FILTERS) as (keyof CdrsSearch)[]
  return keys.some((key) => search[key] !== undefined)
}

export function CdrFilters({ search, onChange }: CdrFiltersProps) {
  const { t } = useTranslation(['cdrs', 'common'])
  const ref = useRef<HTMLDivElement>(null)
  const time = useTimeText(search)
  useShortcut('filter', () => ref.current?.querySelector<HTMLElement>('[data-filter]')?.focus())

  return (
    <div
      ref={ref}
      role="group"
      aria-label={t('filter.label')}
      className="flex flex-wrap items-center gap-2"
    >
      <FilterChip
        name={t('filter.time')}
        value={time}
        onClear={() => onChange({ last: undefined, from: undefined, to: undefined })}
      >
        {(close) => (
          <TimeEditor
            value={search}
            onApply={({ last, from, to }: TimeRange) => {
              onChange({ last, from, to })
              close()
            }}
          />
        )}
      </FilterChip>
      {(['customer', 'carrier'] as const).map((name) => (
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
      <FilterChip
        name={t('filter.outcome')}
        value={search.outcome && t(`common:outcome.${search.outcome}`)}
        onClear={() => onChange({ outcome: undefined })}
      >
        {(close) => (
          <div className="p-2">
            <ChoiceEditor
              label={t('filter.outcome')}
              options={OUTCOMES.map((value) => ({ value, label: t(`common:outcome.${value}`) }))}
              value={search.outcome}
              onApply={(outcome) => {
                onChange({ outcome })
                close()
              }}
            />
          </div>
        )}
      </FilterChip>
      <FilterChip
        name={t('filter.called_prefix')}
        value={search.called_prefix && formatE164(search.called_prefix)}
        onClear={() => onChange({ called_prefix: undefined })}
      >
        {(close) => (
          <PrefixEditor
            value={search.called_prefix}
            onApply={(value) => {
              onChange({ called_prefix: value })
              close()
            }}
          />
        )}
      </FilterChip>
      <CdrFactFilters facts={search} onChange={onChange} />
      {hasFilters(search) ? (
        <Button variant="quiet" size="toolbar" onClick={() => onChange(NO_FILTERS)}>
          {t('clearFilters')}
        </Button>
      ) : null}
    </div>
  )
}

function useTimeText({ last, from, to }: CdrsSearch): string | undefined {
  const { t } = useTranslation('cdrs')
  const format = useFormat()
  const minute = (iso: string) => format.dateTime(iso).slice(0, 16)
  if (last) return t('filter.last', { span: t(`filter.span.${last}`) })
  if (from && to) return t('filter.between', { from: minute(from), to: minute(to) })
  if (from) return t('filter.since', { from: minute(from) })
  if (to) return t('filter.until', { to: minute(to) })
  return undefined
}
