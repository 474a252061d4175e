import { useTranslation } from 'react-i18next'

import type { Job, JobState } from '~/api/__generated__/schema'
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

/** Of a job: one that runs and was asked to stop says so. */
export function JobBadge({ job }: { job: Pick<Job, 'state' | 'cancelled_by'> }) {
  const { t } = useTranslation('jobs')
  if (!isStopping(job)) return <JobStateBadge state={job.state} />
  return <Badge tone="warning">{t('stopping')}</Badge>
}

export function isStopping({ state, cancelled_by }: Pick<Job, 'state' | 'cancelled_by'>): boolean {
  return state === 'running' && cancelled_by !== null
}
