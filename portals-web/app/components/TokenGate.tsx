import { Link2Off } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { useLinkToken } from '~/hooks/use-link-token'

import { EndState } from './PublicFrame'

export interface TokenGateProps {
  /** Whether the switch said that the link is no longer good. */
  isStale: boolean
  /** Why a link stops being good, and what to do then. */
  stale: string
  /** Where a new link comes from. */
  action?: ReactNode
  children: (token: string) => ReactNode
}

/** Shows what a link leads to, or why the link leads nowhere. */
export function TokenGate({ isStale, stale, action, children }: TokenGateProps) {
  const { t } = useTranslation('welcome')
  const token = useLinkToken()
  if (isStale) {
    return (
      <EndState icon={Link2Off} tone="warning" title={t('stale.title')} action={action}>
        {stale}
      </EndState>
    )
  }
  if (token === null) {
    return (
      <EndState icon={Link2Off} tone="warning" title={t('stale.incomplete')} action={action}>
        {t('stale.incompleteBody')}
      </EndState>
    )
  }
  return children(token)
}
