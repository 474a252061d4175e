import { clsx } from 'clsx'
import type { ReactNode } from 'react'

export type Tone = 'success' | 'warning' | 'danger' | 'info' | 'neutral' | 'primary'

const TONES: Record<Tone, string> = {
  success: 'bg-badge-success-bg text-badge-success',
  warning: 'bg-badge-warning-bg text-badge-warning',
  danger: 'bg-badge-danger-bg text-badge-danger',
  info: 'bg-badge-info-bg text-badge-info',
  neutral: 'bg-badge-neutral-bg text-badge-neutral',
  primary: 'bg-badge-primary-bg text-badge-primary',
}

export interface BadgeProps {
  tone: Tone
  /** Moves gently: something is going on. */
  pulse?: boolean
  /** Without the dot, where a row of badges says the same kind of thing. */
  plain?: boolean
  children: ReactNode
}

/** A state in a word. The colour and the dot only repeat it. */
export function Badge({ tone, pulse = false, plain = false, children }: BadgeProps) {
  return (
    <span
      className={clsx(
        'inline-flex h-5 max-w-full items-center gap-1.5 rounded-badge px-1.5 text-meta font-medium whitespace-nowrap',
        TONES[tone],
      )}
    >
      {plain ? null : (
        <span
          aria-hidden
          className={clsx(
            'size-1.5 shrink-0 rounded-full bg-current',
            pulse && 'animate-[pulse-dot_2s_ease-out_infinite]',
          )}
        />
      )}
      <span className="truncate">{children}</span>
    </span>
  )
}
