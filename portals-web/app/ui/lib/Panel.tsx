import { clsx } from 'clsx'
import { type ReactNode, useId } from 'react'

export interface PanelProps {
  title: ReactNode
  actions?: ReactNode
  /** Inner space; a table brings its own. */
  padded?: boolean
  className?: string
  children: ReactNode
}

/** A titled region of a page: one hairline around it, never inside another one. */
export function Panel({ title, actions, padded = true, className, children }: PanelProps) {
  const id = useId()
  return (
    <section
      aria-labelledby={id}
      className={clsx('min-w-0 rounded-panel border border-line bg-surface', className)}
    >
      <header className="flex h-10 items-center justify-between gap-3 border-b border-line ps-4 pe-2">
        <h2 id={id} className="truncate text-body font-semibold">
          {title}
        </h2>
        {actions}
      </header>
      <div className={clsx(padded && 'p-4')}>{children}</div>
    </section>
  )
}
