import { useTranslation } from 'react-i18next'

import type { ChangeSetState } from '~/api/__generated__/schema'
import { Badge, type Tone } from '~/ui/lib/Badge'

const TONES: Record<ChangeSetState, Tone> = {
  draft: 'neutral',
  scheduled: 'info',
  pushing: 'primary',
  pushed: 'success',
  failed: 'danger',
  rolled_back: 'warning',
}

export function ChangeSetStateBadge({ state }: { state: ChangeSetState }) {
  const { t } = useTranslation('changeSets')
  return (
    <Badge tone={TONES[state]} pulse={state === 'pushing'}>
      {t(`state.${state}`)}
    </Badge>
  )
}
