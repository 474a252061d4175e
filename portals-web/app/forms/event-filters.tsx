import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import type { EventFilter } from '~/api/events'
import { kindsQuery } from '~/api/kinds'
import { FilterChip } from '~/components/FilterChip'
import { useFormat } from '~/hooks/use-format'
import { Button } from '~/ui/lib/Button'
import { SPANS } from '~/util/searches'

import { NameEditor, TimeEditor, type TimeRange } from './filter-editors'

const TEXTS = ['kind', 'subject', 'actor'] as const
/** What happens besides changes of resources. */
const AREAS = [
  'balance',
  'change_set',
  'job',
  'journal',
  'ledger',
  'mail',
  'notification',
  'payment',
  'report',
  'rerating',
  'user',
]
const NOTHING: EventFilter = {
  kind: undefined,
  subject: undefined,
  actor: undefined,
  from: undefined,
  to: undefined,
}

export interface EventFiltersProps {
  filter: EventFilter
  onChange: (filter: EventFilter) => void
}

/** What, on what, by whom, and when. */
export function EventFilters({ filter, onChange }: EventFiltersProps) {
  const { t } = useTranslation(['events', 'lists'])
  const format = useFormat()
  const { data: kinds = [] } = useQuery(kindsQuery)
  const areas = [...AREAS, ...kinds.map(({ kind }) => kind)].map((area) => `${area}.*`)
  const shown = [filter.from, filter.to].map((at) => (at ? format.dateTime(at) : ''))
  const time = filter.from || filter.to ? `${shown.join(' – ')} ${format.zoneName}` : undefined
  return (
    <>
      {TEXTS.map((name) => (
        <FilterChip
          key={name}
          name={t(`filter.${name}`)}
          value={filter[name]}
          onClear={() => onChange({ [name]: undefined })}
        >
          {(close) => (
            <NameEditor
              label={t(`filter.${name}`)}
              names={name === 'kind' ? areas : []}
              value={filter[name]}
              onApply={(value) => {
                onChange({ [name]: value })
                close()
              }}
            />
          )}
        </FilterChip>
      ))}
      <FilterChip
        name={t('filter.time')}
        value={time}
        onClear={() => onChange({ from: undefined, to: undefined })}
      >
        {(close) => (
          <TimeEditor
            value={{ last: undefined, from: filter.from, to: filter.to }}
            onApply={(range) => {
              onChange(instantsOf(range))
              close()
            }}
          />
        )}
      </FilterChip>
      {Object.values(filter).some(Boolean) ? (
        <Button variant="quiet" size="toolbar" onClick={() => onChange(NOTHING)}>
          {t('lists:clearFilters')}
        </Button>
      ) : null}
    </>
  )
}

/** A span back from now begins at a moment and has no end: what happens next belongs to it. */
function instantsOf({ last, from, to }: TimeRange): EventFilter {
  if (!last) return { from, to }
  const start = new Date(Date.now() - SPANS[last] * 1000)
  return { from: start.toISOString(), to: undefined }
}
