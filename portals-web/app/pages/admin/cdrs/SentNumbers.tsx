import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { CallExplanation } from '~/api/__generated__/schema'
import { callExplanationQuery } from '~/api/queries'
import { NumbersSent } from '~/components/NumbersSent'
import { ProblemNotice } from '~/components/ProblemNotice'
import { usePermission } from '~/hooks/use-permission'
import { Button } from '~/ui/lib/Button'
import { Panel } from '~/ui/lib/Panel'
import { Skeleton } from '~/ui/lib/Skeleton'

/** Why each carrier got the numbers that it got: asked for when somebody wants to know. */
export function SentNumbers({ id }: { id: string }) {
  const { t } = useTranslation('cdrs')
  const mayAsk = usePermission('explain.use')
  const [isAsked, setAsked] = useState(false)
  const { data, error } = useQuery({ ...callExplanationQuery(id), enabled: mayAsk && isAsked })
  if (!mayAsk) return null
  return (
    <Panel title={t('sent.title')} className="xl:col-span-2">
      {isAsked ? (
        <Answer told={error ? null : (data ?? null)} error={error} />
      ) : (
        <div className="flex flex-wrap items-center gap-3">
          <p className="text-ink-2">{t('sent.lead')}</p>
          <Button onClick={() => setAsked(true)}>{t('sent.ask')}</Button>
        </div>
      )}
    </Panel>
  )
}

function Answer({ told, error }: { told: CallExplanation | null; error: unknown }) {
  const { t } = useTranslation('cdrs')
  if (error) return <ProblemNotice error={error} title={t('sent.failed')} />
  if (!told) {
    return (
      <div role="status" aria-label={t('sent.busy')}>
        <Skeleton className="h-16" />
      </div>
    )
  }
  return (
    <div className="flex flex-col gap-3">
      {told.note ? <p className="text-meta text-warning">{told.note}</p> : null}
      <ol className="flex flex-col gap-3">
        {told.attempts.map((attempt) => (
          <li key={attempt.number}>
            <p>
              <span className="font-medium">{attempt.carrier}</span>{' '}
              <span className="text-meta text-ink-3">
                {attempt.trunk} · {t('detail.attempt', { number: attempt.number })}
              </span>
            </p>
            <NumbersSent calling={attempt.calling} called={attempt.called} steps={attempt.steps} />
            {attempt.is_same ? null : <p className="text-meta text-warning">{t('sent.differs')}</p>}
            {attempt.is_same && attempt.steps.length === 0 ? (
              <p className="text-meta text-ink-2">{t('sent.unchanged')}</p>
            ) : null}
          </li>
        ))}
      </ol>
    </div>
  )
}
