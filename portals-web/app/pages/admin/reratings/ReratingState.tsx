import { useTranslation } from 'react-i18next'

import type { ReratingStateView } from '~/api/__generated__/schema'
import { Badge, type Tone } from '~/ui/lib/Badge'

const TONES: Record<ReratingStateView, Tone> = {
  previewing: 'primary',
  ready: 'info',
  failed: 'danger',
  applying: 'primary',
  stopped: 'danger',
  applied: 'success',
}

export function ReratingState({ state }: { state: ReratingStateView }) {
  const { t } = useTranslation('reratings')
  return (
    <Badge tone={TONES[state]} pulse={state === 'previewing' || state === 'applying'}>
      {t(`state.${state}`)}
    </Badge>
  )
}
