import { clsx } from 'clsx'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { Checkbox } from '~/ui/lib/Field'

import type { Column, Selection } from './column'

/** Optional columns need a table of 1280 pixels. */
export const OPTIONAL = '@max-[1280px]:hidden'

export const HEADER =
  'layer-sticky sticky top-0 h-8 truncate border-b border-line bg-subtle px-2 text-meta font-medium text-ink-2 first:ps-5 last:pe-5'

export interface HeaderCellProps<Row> {
  column: Column<Row>
  sort: string | undefined
  onSort: ((sort: string) => void) | undefined
}

/** A header; a button where the list can be sorted by it. */
export function HeaderCell<Row>({ column, sort, onSort }: HeaderCellProps<Row>) {
  const { header, help, align, optional, sortBy } = column
  const isUp = sort !== undefined && sort === sortBy
  const isDown = sort !== undefined && sort === `-${sortBy}`
  const Arrow = isDown ? ArrowDown : ArrowUp
  return (
    <th
      scope="col"
      title={help}
      aria-sort={isUp ? 'ascending' : isDown ? 'descending' : undefined}
      className={clsx(HEADER, align === 'end' ? 'text-end' : 'text-start', optional && OPTIONAL)}
    >
      {sortBy && onSort ? (
        <button
          type="button"
          onClick={() => onSort(isUp ? `-${sortBy}` : sortBy)}
          className="group/sort -mx-1 inline-flex h-6 max-w-full items-center gap-1 rounded-badge px-1 font-medium hover:text-ink"
        >
          <span className="truncate">{header}</span>
          <Arrow
            aria-hidden
            size={12}
            className={clsx(
              'shrink-0',
              isUp || isDown ? 'text-link' : 'opacity-0 group-hover/sort:opacity-100',
            )}
          />
        </button>
      ) : (
        header
      )}
    </th>
  )
}

export interface PageCheckboxProps {
  keys: readonly string[]
  selection: Selection
}

/** Chooses all rows of the page, or none of them. */
export function PageCheckbox({ keys, selection }: PageCheckboxProps) {
  const { t } = useTranslation('lists')
  const count = keys.filter((key) => selection.has(key)).length
  return (
    <Checkbox
      ref={(box) => {
        if (box) box.indeterminate = count > 0 && count < keys.length
      }}
      aria-label={t('selectAll')}
      className="block"
      disabled={keys.length === 0}
      checked={count > 0 && count === keys.length}
      onChange={() => selection.toggleAll(keys)}
    />
  )
}

export interface RowCheckboxProps {
  rowKey: string
  selection: Selection
}

export function RowCheckbox({ rowKey, selection }: RowCheckboxProps) {
  const { t } = useTranslation('lists')
  return (
    <Checkbox
      aria-label={t('selectRow', { name: rowKey })}
      className="block"
      data-row-choice
      checked={selection.has(rowKey)}
      onChange={(event) => {
        const { nativeEvent } = event
        selection.toggle(rowKey, nativeEvent instanceof MouseEvent && nativeEvent.shiftKey)
      }}
    />
  )
}
