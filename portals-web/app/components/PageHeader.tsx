import type { ReactNode } from 'react'

export interface PageHeaderProps {
  title: string
  /** Before the title: the way back up. */
  breadcrumb?: ReactNode
  badges?: ReactNode
  actions?: ReactNode
}

export function PageHeader({ title, breadcrumb, badges, actions }: PageHeaderProps) {
  return (
    <header className="flex min-h-13 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-surface px-5 py-2">
      {breadcrumb}
      <h1 className="text-page font-semibold tracking-[-0.01em]">{title}</h1>
      {badges}
      <div className="ms-auto flex items-center gap-2">{actions}</div>
    </header>
  )
}
