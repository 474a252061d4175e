import type { ReactNode } from 'react'

export interface ActionDockProps {
  label: string
  /** At the start: what the actions are about. */
  status?: ReactNode
  /** The primary one last. */
  children: ReactNode
}

/** The actions of an open record or of the chosen rows, at the lower right, always in sight. */
export function ActionDock({ label, status, children }: ActionDockProps) {
  return (
    <div className="layer-dock pointer-events-none sticky bottom-0 mt-auto flex justify-end px-6 py-4">
      <div
        role="group"
        aria-label={label}
        className="pointer-events-auto flex min-h-14 flex-wrap items-center gap-2 rounded-panel bg-overlay px-3 py-2 shadow-layer"
      >
        {status ? (
          <span role="status" className="px-1 text-meta text-ink-2">
            {status}
          </span>
        ) : null}
        {children}
      </div>
    </div>
  )
}
