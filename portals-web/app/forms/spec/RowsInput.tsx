import { Plus } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Button } from '~/ui/lib/Button'
import { itemNumber } from '~/util/field-label'
import { type Field, type FieldSchema, fieldsOf, newRow } from '~/util/schema'

import { useSpecForm, useValue } from './context'
import { ItemActions, moved } from './ItemActions'

/** Rows that are shown at once: a card may have ten thousand. */
const ROWS_SHOWN = 20

export interface RowsInputProps {
  schema: FieldSchema
  path: string
  label: string
  /** The fields of one row. */
  renderRow: (fields: readonly Field[], within: string) => ReactNode
}

/** A list of small forms. */
export function RowsInput({ schema, path, label, renderRow }: RowsInputProps) {
  const { t } = useTranslation('fields')
  const { set, errorsWithin, isReadOnly } = useSpecForm()
  const value = useValue(path)
  const rows = Array.isArray(value) ? value : []
  const [begin, setBegin] = useState(0)
  const items = schema.items ?? {}
  const isOrdered = schema['x-widget'] === 'ordered-list'
  const isFull = schema.maxItems !== undefined && rows.length >= schema.maxItems
  const outside = errorsWithin(path).filter(([place]) => {
    const number = itemNumber(place.slice(path.length)) ?? 1
    return number <= begin || number > begin + ROWS_SHOWN
  })
  const add = () => {
    set(path, [...rows, newRow(items)])
    setBegin(Math.floor(rows.length / ROWS_SHOWN) * ROWS_SHOWN)
  }
  return (
    <div className="flex flex-col gap-3">
      {rows.slice(begin, begin + ROWS_SHOWN).map((_, offset) => {
        const index = begin + offset
        const name = t('row', { label, number: index + 1 })
        return (
          <div
            // oxlint-disable-next-line react/no-array-index-key -- A row has no other name than its place.
            key={index}
            role="group"
            aria-label={name}
            className="rounded-control border border-line p-3"
          >
            <div className="mb-2 flex items-center justify-between">
              <span className="text-meta font-medium text-ink-2">{name}</span>
              {isReadOnly ? null : (
                <ItemActions
                  name={name}
                  isFirst={index === 0}
                  isLast={index === rows.length - 1}
                  {...(isOrdered
                    ? { onMove: (by: 1 | -1) => set(path, moved(rows, index, by)) }
                    : {})}
                  onRemove={() =>
                    set(
                      path,
                      rows.filter((_row, each) => each !== index),
                    )
                  }
                />
              )}
            </div>
            {renderRow(fieldsOf(items), `${path}[${index}]`)}
          </div>
        )
      })}
      {outside.map(([place, message]) => (
        <p key={place} className="text-meta text-danger">
          {t('rowFault', { number: itemNumber(place.slice(path.length)) ?? 1, message })}
        </p>
      ))}
      <div className="flex flex-wrap items-center gap-2">
        {isReadOnly ? null : (
          <Button size="toolbar" data-field={path} disabled={isFull} onClick={add}>
            <Plus aria-hidden size={14} />
            {t('addRow')}
          </Button>
        )}
        {rows.length > ROWS_SHOWN ? (
          <>
            <Button
              size="toolbar"
              disabled={begin === 0}
              onClick={() => setBegin(begin - ROWS_SHOWN)}
            >
              {t('previousRows')}
            </Button>
            <Button
              size="toolbar"
              disabled={begin + ROWS_SHOWN >= rows.length}
              onClick={() => setBegin(begin + ROWS_SHOWN)}
            >
              {t('nextRows')}
            </Button>
            <span role="status" className="text-meta text-ink-3">
              {t('rowsShown', {
                from: begin + 1,
                to: Math.min(begin + ROWS_SHOWN, rows.length),
                count: rows.length,
              })}
            </span>
          </>
        ) : null}
      </div>
    </div>
  )
}
