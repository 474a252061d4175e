import { clsx } from 'clsx'
import type { ReactNode } from 'react'

export interface Fact {
  label: string
  value: ReactNode
  mono?: boolean
}

/** Names and values in two columns. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className="grid grid-cols-[minmax(88px,2fr)_3fr] gap-x-4 gap-y-1.5">
      {facts.map(({ label, value, mono }) => (
        <div key={label} className="contents">
          <dt className="text-ink-2">{label}</dt>
          <dd
            className={clsx(
              'min-w-0 break-words tabular-nums',
              mono && 'font-mono text-meta leading-5',
            )}
          >
            {value}
          </dd>
        </div>
      ))}
    </dl>
  )
}
