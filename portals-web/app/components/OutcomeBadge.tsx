import { useTranslation } from 'react-i18next'

import type { CallState, Outcome } from '~/api/__generated__/schema'
import { Badge, type Tone } from '~/ui/lib/Badge'

const OUTCOME_TONES: Record<Outcome, Tone> = {
  answered: 'success',
  cancelled: 'neutral',
  failed: 'danger',
  rejected: 'warning',
  interrupted: 'info',
}

export interface OutcomeBadgeProps {
  outcome: Outcome
  /** Stands behind the word, as in `Failed 503`. 0 is none. */
  sipStatus?: number
}

export function OutcomeBadge({ outcome, sipStatus = 0 }: OutcomeBadgeProps) {
  const { t } = useTranslation()
  return (
    <Badge tone={OUTCOME_TONES[outcome]}>
      {t(`outcome.${outcome}`)}
      {sipStatus > 0 ? <span className="ms-1 font-normal">{sipStatus}</span> : null}
    </Badge>
  )
}

const STATE_TONES: Record<CallState, Tone> = {
  trying: 'neutral',
  ringing: 'info',
  answered: 'success',
  releasing: 'warning',
}

export function CallStateBadge({ state }: { state: CallState }) {
  const { t } = useTranslation()
  return (
    <Badge tone={STATE_TONES[state]} pulse={state === 'ringing'}>
      {t(`callState.${state}`)}
    </Badge>
  )
}
