import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { DeliveryFilter } from '~/api/notifications'
import { namesQuery } from '~/api/resources'
import { FilterChip } from '~/components/FilterChip'
import { useDebounced } from '~/hooks/use-debounced'
import { Button } from '~/ui/lib/Button'
import { DELIVERY_STATES } from '~/util/searches'

import { ChoiceEditor, NameEditor } from './filter-editors'

export interface DeliveryFiltersProps {
  filter: DeliveryFilter
  onChange: (filter: DeliveryFilter) => void
}

const NOTHING: DeliveryFilter = { target: undefined, state: undefined, event: undefined }

/** To whom, what became of it, and of what. */
export function DeliveryFilters({ filter, onChange }: DeliveryFiltersProps) {
  const { t } = useTranslation(['events', 'lists'])
  return (
    <>
      <FilterChip
        name={t('deliveries.filter.target')}
        value={filter.target}
        onClear={() => onChange({ target: undefined })}
      >
        {(close) => (
          <TargetEditor
            value={filter.target}
            onApply={(target) => {
              onChange({ target })
              close()
            }}
          />
        )}
      </FilterChip>
      <FilterChip
        name={t('deliveries.filter.state')}
        value={filter.state && t(`deliveries.state.${filter.state}`)}
        onClear={() => onChange({ state: undefined })}
      >
        {(close) => (
          <div className="p-2">
            <ChoiceEditor
              label={t('deliveries.filter.state')}
              options={DELIVERY_STATES.map((value) => ({
                value,
                label: t(`deliveries.state.${value}`),
              }))}
              value={filter.state}
              onApply={(state) => {
                onChange({ state })
                close()
              }}
            />
          </div>
        )}
      </FilterChip>
      <FilterChip
        name={t('deliveries.filter.event')}
        value={filter.event}
        onClear={() => onChange({ event: undefined })}
      >
        {(close) => (
          <NameEditor
            label={t('deliveries.filter.event')}
            names={[]}
            value={filter.event}
            onApply={(event) => {
              onChange({ event })
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

interface TargetEditorProps {
  value: string | undefined
  onApply: (target: string) => void
}

/** The name of a target that is gone may be typed too: what it was told is kept. */
function TargetEditor({ value, onApply }: TargetEditorProps) {
  const { t } = useTranslation('events')
  const [typed, setTyped] = useState('')
  const { data: names = [] } = useQuery(namesQuery('notification-targets', useDebounced(typed)))
  return (
    <NameEditor
      label={t('deliveries.filter.target')}
      names={names}
      value={value}
      onType={setTyped}
      onApply={onApply}
    />
  )
}
