import { useTranslation } from 'react-i18next'

import type { AuditFilter } from '~/api/access'
import { FilterChip } from '~/components/FilterChip'
import { useFormat } from '~/hooks/use-format'
import { Button } from '~/ui/lib/Button'
import { SPANS } from '~/util/searches'

import { NameEditor, TimeEditor, type TimeRange } from './filter-editors'

const TEXTS = ['actor', 'operation', 'kind', 'subject'] as const
const NOTHING: AuditFilter = {
  actor: undefined,
  operation: undefined,
  kind: undefined,
  subject: undefined,
  from: undefined,
  to: undefined,
}

export interface AuditFiltersProps {
  filter: AuditFilter
  onChange: (filter: AuditFilter) => void
}

/** Who, what, on what, and when. */
export function AuditFilters({ filter, onChange }: AuditFiltersProps) {
  const { t } = useTranslation(['access', 'lists'])
  const format = useFormat()
  const shown = [filter.from, filter.to].map((at) => (at ? format.dateTime(at) : ''))
  const time = filter.from || filter.to ? `${shown.join(' – ')} ${format.zoneName}` : undefined
  return (
    <>
      <FilterChip
        name={t('audit.filter.time')}
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
      {TEXTS.map((name) => (
        <FilterChip
          key={name}
          name={t(`audit.filter.${name}`)}
          value={filter[name]}
          onClear={() => onChange({ [name]: undefined })}
        >
          {(close) => (
            <NameEditor
              label={t(`audit.filter.${name}`)}
              names={[]}
              value={filter[name]}
              onApply={(value) => {
                onChange({ [name]: value })
                close()
              }}
            />
          )}
        </FilterChip>
      ))}
      {Object.values(filter).some(Boolean) ? (
        <Button variant="quiet" size="toolbar" onClick={() => onChange(NOTHING)}>
          {t('lists:clearFilters')}
        </Button>
      ) : null}
    </>
  )
}

/** A log is looked at as it was: a span back from now becomes two moments. */
function instantsOf({ last, from, to }: TimeRange): AuditFilter {
  if (!last) return { from, to }
  const start = new Date(Date.now() - SPANS[last] * 1000)
  return { from: start.toISOString(), to: undefined }
}
