import { useTranslation } from 'react-i18next'

import type { JobAttempt } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import type { jobs } from '~/i18n/en/jobs'
import { Badge, type Tone } from '~/ui/lib/Badge'
import { PlainTable } from '~/ui/lib/PlainTable'

type KnownOutcome = keyof typeof jobs.outcome

const TONES: Record<KnownOutcome, Tone> = {
  running: 'primary',
  succeeded: 'success',
  failed: 'danger',
  gave_up: 'danger',
  put_off: 'neutral',
  cancelled: 'neutral',
  lost: 'warning',
}

/** Every run of a job, oldest first. */
export function JobRuns({ runs }: { runs: readonly JobAttempt[] }) {
  const { t } = useTranslation('jobs')
  const format = useFormat()
  if (runs.length === 0) return <p className="p-4 text-ink-2">{t('detail.noRun')}</p>
  return (
    <PlainTable
      label={t('detail.runs')}
      rows={runs}
      rowKey={({ number }) => String(number)}
      columns={[
        { id: 'number', header: t('detail.number'), cell: ({ number }) => number },
        {
          id: 'outcome',
          header: t('detail.outcome'),
          cell: ({ outcome }) =>
            isKnown(outcome) ? (
              <Badge tone={TONES[outcome]}>{t(`outcome.${outcome}`)}</Badge>
            ) : (
              outcome
            ),
        },
        {
          id: 'started',
          header: `${t('detail.started')} ${format.zoneName}`,
          cell: ({ started_at }) => format.dateTime(started_at),
        },
        {
          id: 'ended',
          header: t('detail.ended'),
          cell: ({ ended_at }) =>
            ended_at ? (
              format.dateTime(ended_at)
            ) : (
              <span className="text-ink-3">{t('detail.stillRunning')}</span>
            ),
        },
        { id: 'node', header: t('detail.node'), cell: ({ node }) => node },
        {
          id: 'error',
          header: t('detail.error'),
          cell: ({ error }) => <span className="break-words whitespace-normal">{error}</span>,
        },
      ]}
    />
  )
}

function isKnown(outcome: string): outcome is KnownOutcome {
  return outcome in TONES
}
