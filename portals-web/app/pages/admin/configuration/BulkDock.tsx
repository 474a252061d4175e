import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { BulkChange, Kind, ListParameters } from '~/api/resources'
import { ActionDock } from '~/components/ActionDock'
import { useFormat } from '~/hooks/use-format'
import { Button } from '~/ui/lib/Button'

import { BulkDeleteDialog, BulkEditDialog } from './BulkDialogs'

export interface BulkDockProps {
  kind: Kind
  names: readonly string[]
  /** How many the list has in all, when it is known. */
  total: number | null
  parameters: ListParameters
  onClear: () => void
}

/** What can be done with the chosen rows, or with all that match. */
export function BulkDock({ kind, names, total, parameters, onClear }: BulkDockProps) {
  const { t } = useTranslation(['configuration', 'lists'])
  const format = useFormat()
  const [isAll, setAll] = useState(false)
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null)
  const count = isAll && total !== null ? total : names.length
  const { sort: _, ...filter } = parameters
  const target: BulkChange['target'] = isAll ? { filter } : { names: [...names] }
  const dialog = {
    kind,
    target,
    count,
    onClose: () => setOpen(null),
    onDone: () => {
      setOpen(null)
      onClear()
    },
  }
  return (
    <>
      <ActionDock
        label={kind.title_plural}
        status={t('lists:selected', { count, formatted: format.count(count) })}
      >
        {total !== null && total > names.length && !isAll ? (
          <Button variant="quiet" onClick={() => setAll(true)}>
            {t('lists:selectMatching', { formatted: format.count(total) })}
          </Button>
        ) : null}
        <Button variant="quiet" onClick={onClear}>
          {t('lists:clearSelection')}
        </Button>
        <Button variant="danger" onClick={() => setOpen('delete')}>
          {t('bulk.delete')}
        </Button>
        <Button variant="primary" onClick={() => setOpen('edit')}>
          {t('bulk.edit')}
        </Button>
      </ActionDock>
      {open === 'edit' ? <BulkEditDialog {...dialog} /> : null}
      {open === 'delete' ? <BulkDeleteDialog {...dialog} /> : null}
    </>
  )
}
