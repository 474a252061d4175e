import { useTranslation } from 'react-i18next'

import type { JobState } from '~/api/__generated__/schema'
import { Badge, type Tone } from '~/ui/lib/Badge'

const TONES: Record<JobState, Tone> = {
  ready: 'info',
  running: 'primary',
  done: 'success',
  dead: 'danger',
  discarded: 'neutral',
}

export function JobStateBadge({ state }: { state: JobState }) {
  const { t } = useTranslation('jobs')
  return <Badge tone={TONES[state]}>{t(`state.${state}`)}</Badge>
}
