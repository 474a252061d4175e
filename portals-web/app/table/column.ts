import type { ReactNode } from 'react'

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
  /** What the list is sorted by when the header is pressed. */
  sortBy?: string
  /** Left out where the table is narrower than a wide screen's. */
  optional?: boolean
  cell: (row: Row) => ReactNode
}

/** Which rows are chosen, for doing something with all of them. */
export interface Selection {
  has: (key: string) => boolean
  /** `isRange` is said when Shift was down. */
  toggle: (key: string, isRange: boolean) => void
  toggleAll: (keys: readonly string[]) => void
}
