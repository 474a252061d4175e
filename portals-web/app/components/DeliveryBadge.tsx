import { useTranslation } from 'react-i18next'

import type { NotificationState } from '~/api/__generated__/schema'
import { Badge, type Tone } from '~/ui/lib/Badge'

const TONES: Record<NotificationState, Tone> = {
  pending: 'info',
  delivered: 'success',
  failed: 'warning',
  dead: 'danger',
  suppressed: 'neutral',
}

export function DeliveryBadge({ state }: { state: NotificationState }) {
  const { t } = useTranslation('events')
  return <Badge tone={TONES[state]}>{t(`deliveries.state.${state}`)}</Badge>
}
