import { Link, type LinkOptions, useRouter } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { type MouseEvent, type ReactNode, useRef } from 'react'

import { ErrorNotice } from '~/components/ErrorNotice'
import { Skeleton } from '~/ui/lib/Skeleton'

import type { Column, Selection } from './column'
import { HEADER, HeaderCell, OPTIONAL, PageCheckbox, RowCheckbox } from './parts'
import { useRowKeys } from './use-row-keys'

export type { Column } from './column'

export interface DataTableProps<Row> {
  /** What the table holds, for screen readers. */
  label: string
  columns: readonly Column<Row>[]
  /** Undefined until the first answer. */
  rows: readonly Row[] | undefined
  rowKey: (row: Row) => string
  /** Where a row leads. Without it rows cannot be opened. */
  rowLink?: (row: Row) => LinkOptions
  error?: unknown
  onRetry?: () => void
  /** The rows are of the question before; they stay, dimmed, until the answer comes. */
  isOutdated?: boolean
  /** By what the rows are sorted; `-` before it says the greatest first. */
  sort?: string | undefined
  onSort?: (sort: string) => void
  /** Rows may be chosen, by their keys. */
  selection?: Selection
  /** Shown instead of rows when there are none. */
  empty: ReactNode
  skeletonRows?: number
}

/**
 * The one table of the console: sticky header, rows that are links, J and K between them, and a
 * place for each state. Filters, pages and their addresses belong to the page around it.
 */
export function DataTable<Row>({
  label,
  columns,
  rows,
  rowKey,
  rowLink,
  error,
  onRetry,
  isOutdated = false,
  sort,
  onSort,
  selection,
  empty,
  skeletonRows = 12,
}: DataTableProps<Row>) {
  const bodyRef = useRef<HTMLTableSectionElement>(null)
  const rowKeys = useRowKeys(bodyRef, rowLink !== undefined)
  const keys = rows?.map(rowKey) ?? []
  const columnCount = columns.length + (selection ? 1 : 0)
  const minWidth = columns.reduce(
    (sum, { width, minWidth = 92, optional }) => sum + (optional ? 0 : (width ?? minWidth)),
    0,
  )

  if (error && !rows) return <ErrorNotice error={error} onRetry={onRetry} />

  return (
    // A region that scrolls must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div role="region" aria-label={label} tabIndex={0} className="@container h-full overflow-auto">
      <table
        aria-busy={!rows || isOutdated}
        className="w-full table-fixed border-separate border-spacing-0 tracking-[-0.01em]"
        style={{ minWidth }}
      >
        <caption className="sr-only">{label}</caption>
        <colgroup>
          {selection ? <col className="w-10" /> : null}
          {columns.map(({ id, width, optional }) => (
            <col
              key={id}
              className={optional ? OPTIONAL : undefined}
              style={width ? { width } : undefined}
            />
          ))}
        </colgroup>
        <thead>
          <tr>
            {selection ? (
              <th scope="col" className={clsx(HEADER, 'ps-5')}>
                <PageCheckbox keys={keys} selection={selection} />
              </th>
            ) : null}
            {columns.map((column) => (
              <HeaderCell key={column.id} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        {/* Keys of the row links, caught once for all of them. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
        <tbody
          ref={bodyRef}
          className={clsx('transition-opacity duration-120', isOutdated && 'opacity-55')}
          onKeyDown={rowKeys.onKeyDown}
          onFocus={rowKeys.onFocus}
        >
          {rows ? (
            rows.map((row, index) => (
              <DataRow
                key={rowKey(row)}
                row={row}
                columns={columns}
                link={rowLink?.(row)}
                isTabStop={index === Math.min(rowKeys.tabStop, rows.length - 1)}
                rowKey={rowKey(row)}
                selection={selection}
              />
            ))
          ) : (
            <SkeletonRows
              columns={columns}
              count={skeletonRows}
              hasSelection={Boolean(selection)}
            />
          )}
          {rows?.length === 0 ? (
            <tr>
              <td colSpan={columnCount}>{empty}</td>
            </tr>
          ) : null}
        </tbody>
      </table>
    </div>
  )
}

interface DataRowProps<Row> {
  row: Row
  columns: readonly Column<Row>[]
  link: LinkOptions | undefined
  isTabStop: boolean
  rowKey: string
  selection: Selection | undefined
}

function DataRow<Row>({ row, columns, link, isTabStop, rowKey, selection }: DataRowProps<Row>) {
  const router = useRouter()
  const open = (event: MouseEvent) => {
    if (!link || isInteractive(event.target) || hasSelection()) return
    if (event.ctrlKey || event.metaKey) {
      window.open(router.buildLocation(link).href, '_blank', 'noopener')
      return
    }
    void router.navigate(link)
  }
  return (
    // The link in the first cell does the same for the keyboard.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
    <tr
      onClick={open}
      className={clsx(
        'group hover:bg-hover has-[[data-row-link]:focus-visible]:bg-selected',
        link && 'cursor-pointer',
        selection?.has(rowKey) && 'bg-selected',
      )}
    >
      {selection ? (
        <td className="border-b border-line ps-5 pe-1">
          <RowCheckbox rowKey={rowKey} selection={selection} />
        </td>
      ) : null}
      {columns.map(({ id, align, optional, cell }, index) => (
        <td
          key={id}
          className={clsx(
            'h-8 truncate border-b border-line px-2 first:ps-5 last:pe-5',
            align === 'end' ? 'text-end' : 'text-start',
            optional && OPTIONAL,
          )}
        >
          {link && index === 0 ? (
            <Link
              {...link}
              data-row-link
              preload="intent"
              tabIndex={isTabStop ? 0 : -1}
              className="-mx-1 block truncate rounded-badge px-1 text-ink group-hover:text-link focus-visible:outline-offset-0"
            >
              {cell(row)}
            </Link>
          ) : (
            cell(row)
          )}
        </td>
      ))}
    </tr>
  )
}

interface SkeletonRowsProps<Row> {
  columns: readonly Column<Row>[]
  count: number
  hasSelection: boolean
}

function SkeletonRows<Row>({ columns, count, hasSelection }: SkeletonRowsProps<Row>) {
  return Array.from({ length: count }, (_, row) => (
    // Fast answers show no skeleton: it appears after 150 ms.
    // oxlint-disable-next-line react/no-array-index-key -- Rows without content have no other name.
    <tr key={row} className="animate-[appear_0s_150ms_both]">
      {hasSelection ? (
        <td className="h-8 border-b border-line ps-5">
          <Skeleton className="size-4" />
        </td>
      ) : null}
      {columns.map(({ id, align, optional }) => (
        <td
          key={id}
          className={clsx(
            'h-8 border-b border-line px-2 first:ps-5 last:pe-5',
            optional && OPTIONAL,
          )}
        >
          <Skeleton className={clsx('h-3 w-3/5', align === 'end' && 'ms-auto')} />
        </td>
      ))}
    </tr>
  ))
}

function isInteractive(target: EventTarget): boolean {
  return target instanceof Element && target.closest('a, button, input, label') !== null
}

/** Marking text in a row is not opening it. */
function hasSelection(): boolean {
  return (window.getSelection()?.toString() ?? '') !== ''
}
