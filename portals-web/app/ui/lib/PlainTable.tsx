import { clsx } from 'clsx'
import type { ReactNode } from 'react'

export interface PlainColumn<Row> {
  id: string
  header: string
  align?: 'start' | 'end'
  cell: (row: Row) => ReactNode
}

export interface PlainTableProps<Row> {
  label: string
  columns: readonly PlainColumn<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string
  isStrong?: (row: Row) => boolean
}

/** A few rows that belong together, without paging, keys or states of loading. */
export function PlainTable<Row>({ label, columns, rows, rowKey, isStrong }: PlainTableProps<Row>) {
  return (
    // What scrolls must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div role="group" aria-label={label} tabIndex={0} className="overflow-x-auto">
      <table className="w-full border-separate border-spacing-0 whitespace-nowrap">
        <thead>
          <tr>
            {columns.map(({ id, header, align }) => (
              <th
                key={id}
                scope="col"
                className={clsx(
                  'h-8 border-b border-line px-3 text-meta font-medium text-ink-2 first:ps-4 last:pe-4',
                  align === 'end' ? 'text-end' : 'text-start',
                )}
              >
                {header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} className={clsx('group', isStrong?.(row) && 'font-semibold')}>
              {columns.map(({ id, align, cell }) => (
                <td
                  key={id}
                  className={clsx(
                    'h-9 border-b border-line px-3 group-last:border-0 first:ps-4 last:pe-4',
                    align === 'end' ? 'text-end' : 'text-start',
                  )}
                >
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
