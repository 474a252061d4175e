import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { JobDetail } from '~/api/__generated__/schema'
import { cancelJob, discardJob, isTelling, jobQuery, retryJob } from '~/api/jobs'
import { ActionDock } from '~/components/ActionDock'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { ProblemNotice } from '~/components/ProblemNotice'
import { usePermission } from '~/hooks/use-permission'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'

import { isStopping } from './JobStateBadge'

type Question = 'cancel' | 'discard'

/** What can be done with a job, by its state: cancel what is not finished, discard what failed. */
export function JobActions({ job }: { job: JobDetail }) {
  const { t } = useTranslation('jobs')
  const client = useQueryClient()
  const canWrite = usePermission('job.write')
  const [question, setQuestion] = useState<Question | null>(null)
  const { id, state } = job
  const take = async (next: JobDetail) => {
    client.setQueryData(jobQuery(String(id)).queryKey, next)
    await client.invalidateQueries({ queryKey: ['jobs', 'page'] })
  }
  const retry = useMutation({
    mutationFn: () => retryJob(id),
    onSuccess: async (next) => {
      toast(t('detail.retried', { id }))
      await take(next)
    },
  })
  if (!canWrite || state === 'done' || isStopping(job)) return null
  const isHalfway = state === 'running'
  const cannotStop = isHalfway && !isTelling(job)
  return (
    <>
      <ActionDock
        label={t('detail.title', { id })}
        status={cannotStop ? t('detail.cancelNot') : null}
      >
        {retry.error ? <ProblemNotice error={retry.error} /> : null}
        {state === 'ready' || isHalfway ? (
          <Button variant="danger" disabled={cannotStop} onClick={() => setQuestion('cancel')}>
            {t('detail.cancel')}
          </Button>
        ) : null}
        {state === 'dead' ? (
          <Button variant="danger" onClick={() => setQuestion('discard')}>
            {t('detail.discard')}
          </Button>
        ) : null}
        {isHalfway ? null : (
          <Button variant="primary" disabled={retry.isPending} onClick={() => retry.mutate()}>
            {state === 'ready' ? t('detail.runNow') : t('detail.retry')}
          </Button>
        )}
      </ActionDock>
      {question === 'cancel' ? (
        <CancelDialog job={job} onDone={take} onClose={() => setQuestion(null)} />
      ) : null}
      {question === 'discard' ? (
        <DiscardDialog job={job} onDone={take} onClose={() => setQuestion(null)} />
      ) : null}
    </>
  )
}

interface QuestionProps {
  job: JobDetail
  onDone: (next: JobDetail) => Promise<void>
  onClose: () => void
}

/** The switch stops what runs when it next tells how far it is; what waits is stopped at once. */
function CancelDialog({ job: { id, state }, onDone, onClose }: QuestionProps) {
  const { t } = useTranslation('jobs')
  const cancel = useMutation({
    mutationFn: () => cancelJob(id),
    onSuccess: async (next) => {
      onClose()
      toast(t(isStopping(next) ? 'detail.stopAsked' : 'detail.cancelled', { id }))
      await onDone(next)
    },
  })
  return (
    <ConfirmDialog
      title={t('detail.cancelTitle', { id })}
      confirm={t('detail.cancel')}
      cancel={t('detail.keep')}
      isDanger
      isBusy={cancel.isPending}
      error={cancel.error}
      onConfirm={() => cancel.mutate()}
      onClose={onClose}
    >
      <p>{t(state === 'ready' ? 'detail.cancelWaiting' : 'detail.cancelBody')}</p>
    </ConfirmDialog>
  )
}

function DiscardDialog({ job: { id }, onDone, onClose }: QuestionProps) {
  const { t } = useTranslation('jobs')
  const discard = useMutation({
    mutationFn: () => discardJob(id),
    onSuccess: async (next) => {
      onClose()
      toast(t('detail.discarded', { id }))
      await onDone(next)
    },
  })
  return (
    <ConfirmDialog
      title={t('detail.discardTitle', { id })}
      confirm={t('detail.discard')}
      isDanger
      isBusy={discard.isPending}
      error={discard.error}
      onConfirm={() => discard.mutate()}
      onClose={onClose}
    >
      <p>{t('detail.discardBody')}</p>
    </ConfirmDialog>
  )
}
