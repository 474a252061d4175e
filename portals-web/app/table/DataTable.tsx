import { Link, type LinkOptions, useRouter } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { type KeyboardEvent, type MouseEvent, type ReactNode, useRef, useState } from 'react'

import { ErrorNotice } from '~/components/ErrorNotice'
import { useShortcut } from '~/hooks/use-shortcut'
import { Skeleton } from '~/ui/lib/Skeleton'

export interface Column<Row> {
  id: string
  header: string
  /** Shown when the header is pointed at. */
  help?: string
  /** `end` for numbers, so that their digits stand below each other. */
  align?: 'start' | 'end'
  /** Pixels. Columns without one share what is left. */
  width?: number
  /** Below this a column without a width does not shrink; the table scrolls instead. */
  minWidth?: number
  /** Left out where the table is narrower than a wide screen's. */
  optional?: boolean
  cell: (row: Row) => ReactNode
}

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
  /** Shown instead of rows when there are none. */
  empty: ReactNode
  skeletonRows?: number
}

/** Optional columns need a table of 1280 pixels. */
const OPTIONAL = '@max-[1280px]:hidden'

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
  empty,
  skeletonRows = 12,
}: DataTableProps<Row>) {
  const bodyRef = useRef<HTMLTableSectionElement>(null)
  const rowKeys = useRowKeys(bodyRef, rowLink !== undefined)
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
            {columns.map(({ id, header, help, align, optional }) => (
              <th
                key={id}
                scope="col"
                title={help}
                className={clsx(
                  'layer-sticky sticky top-0 h-8 truncate border-b border-line bg-subtle px-2 text-meta font-medium text-ink-2 first:ps-5 last:pe-5',
                  align === 'end' ? 'text-end' : 'text-start',
                  optional && OPTIONAL,
                )}
              >
                {header}
              </th>
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
              />
            ))
          ) : (
            <SkeletonRows columns={columns} count={skeletonRows} />
          )}
          {rows?.length === 0 ? (
            <tr>
              <td colSpan={columns.length}>{empty}</td>
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
}

function DataRow<Row>({ row, columns, link, isTabStop }: DataRowProps<Row>) {
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
      )}
    >
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

function SkeletonRows<Row>({ columns, count }: { columns: readonly Column<Row>[]; count: number }) {
  return Array.from({ length: count }, (_, row) => (
    // Fast answers show no skeleton: it appears after 150 ms.
    // oxlint-disable-next-line react/no-array-index-key -- Rows without content have no other name.
    <tr key={row} className="animate-[appear_0s_150ms_both]">
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

/** J, K and the arrows move between row links; one of them at a time is in the tab order. */
function useRowKeys(bodyRef: { current: HTMLTableSectionElement | null }, enabled: boolean) {
  const [tabStop, setTabStop] = useState(0)

  const links = () => [...(bodyRef.current?.querySelectorAll<HTMLElement>('[data-row-link]') ?? [])]
  const move = (by: 1 | -1) => {
    const all = links()
    const at = all.findIndex((link) => link === document.activeElement)
    const next = at === -1 ? (by === 1 ? 0 : all.length - 1) : at + by
    all[Math.max(0, Math.min(all.length - 1, next))]?.focus()
  }

  useShortcut('rowNext', () => move(1), enabled)
  useShortcut('rowPrevious', () => move(-1), enabled)

  return {
    tabStop,
    onFocus: (event: { target: EventTarget }) => {
      const at = links().findIndex((link) => link === event.target)
      if (at !== -1) setTabStop(at)
    },
    onKeyDown: (event: KeyboardEvent) => {
      if (!enabled) return
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault()
        move(event.key === 'ArrowDown' ? 1 : -1)
      }
      if (event.key === 'Escape' && document.activeElement instanceof HTMLElement) {
        document.activeElement.blur()
      }
    },
  }
}

function isInteractive(target: EventTarget): boolean {
  return target instanceof Element && target.closest('a, button, input, label') !== null
}

/** Marking text in a row is not opening it. */
function hasSelection(): boolean {
  return (window.getSelection()?.toString() ?? '') !== ''
}
