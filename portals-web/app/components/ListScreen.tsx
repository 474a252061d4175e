import type { ReactNode } from 'react'

import { PageHeader } from './PageHeader'

export interface ListScreenProps {
  title: string
  actions?: ReactNode
  /** Filters, above the table. */
  filters?: ReactNode
  table: ReactNode
  /** Pages, below it. */
  pager: ReactNode
  /** Dialogs. */
  children?: ReactNode
}

/** The frame of a list: head, filters, a table that takes the room, pages. */
export function ListScreen({ title, actions, filters, table, pager, children }: ListScreenProps) {
  return (
    <div className="flex h-full flex-col">
      <PageHeader title={title} actions={actions} />
      {filters ? (
        <div className="flex min-h-11 shrink-0 flex-wrap items-center gap-2 border-b border-line bg-surface px-5 py-2">
          {filters}
        </div>
      ) : null}
      <div className="min-h-0 grow bg-surface">{table}</div>
      {pager}
      {children}
    </div>
  )
}
