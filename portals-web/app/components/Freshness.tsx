import { clsx } from 'clsx'
import { useTranslation } from 'react-i18next'

import { useFormat } from '~/hooks/use-format'
import { useNow } from '~/hooks/use-now'

export interface FreshnessProps {
  /** Milliseconds since the epoch; 0 when nothing came yet. */
  updatedAt: number
  /** From this age on the data is called stale; never, when left out. */
  staleAfterMs?: number
}

/** `Updated 12 s ago`, in amber when it is too long ago. */
export function Freshness({ updatedAt, staleAfterMs = Infinity }: FreshnessProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const now = useNow()
  if (updatedAt === 0) return null
  const stale = now - updatedAt > staleAfterMs
  return (
    <span className={clsx('text-meta tabular-nums', stale ? 'text-warning' : 'text-ink-3')}>
      {t('updated', { age: format.age(updatedAt, now) })}
    </span>
  )
}
