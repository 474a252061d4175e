import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { ChangeSet, PreferredSide } from '~/api/__generated__/schema'
import { draftPageQuery, rebaseChangeSet, unscheduleChangeSet } from '~/api/change-sets'
import { errorCode } from '~/api/errors'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useFormat } from '~/hooks/use-format'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { Dialog } from '~/ui/lib/Dialog'

const TONES = {
  info: 'bg-badge-info-bg text-badge-info',
  warning: 'bg-badge-warning-bg text-badge-warning',
  danger: 'bg-badge-danger-bg text-badge-danger',
}

interface NoticeProps {
  tone: keyof typeof TONES
  children: ReactNode
  action?: ReactNode
}

function Notice({ tone, children, action }: NoticeProps) {
  return (
    <div
      role="status"
      className={`flex flex-wrap items-center gap-3 rounded-control px-3 py-2 ${TONES[tone]}`}
    >
      <div className="min-w-0 grow">{children}</div>
      {action}
    </div>
  )
}

/** What one must know before anything else: where it stands, and what is in the way. */
export function ChangeSetBanner({ changeSet }: { changeSet: ChangeSet }) {
  const { t } = useTranslation('changeSets')
  const format = useFormat()
  const { state, failure, push_at } = changeSet
  if (state === 'scheduled' && push_at) {
    return (
      <Notice tone="info" action={<Unschedule id={changeSet.id} />}>
        {t('banner.scheduled', { at: format.dateTime(push_at), zone: format.zoneName })}
      </Notice>
    )
  }
  if (state === 'pushing') return <Notice tone="info">{t('banner.pushing')}</Notice>
  if (state === 'rolled_back') return <Notice tone="warning">{t('banner.rolledBack')}</Notice>
  return (
    <>
      {state === 'failed' ? (
        <Notice tone="danger">{t('banner.failed', { reason: failure ?? '' })}</Notice>
      ) : null}
      {state === 'draft' || state === 'failed' ? <StaleNotice id={changeSet.id} /> : null}
    </>
  )
}

function Unschedule({ id }: { id: number }) {
  const { t } = useTranslation('changeSets')
  const client = useQueryClient()
  const unschedule = useMutation({
    mutationFn: () => unscheduleChangeSet(id),
    onSuccess: async () => {
      toast(t('banner.unscheduled'))
      await client.invalidateQueries({ queryKey: ['change-sets'] })
    },
  })
  return (
    <>
      {unschedule.error ? <ProblemNotice error={unschedule.error} /> : null}
      <Button size="toolbar" disabled={unschedule.isPending} onClick={() => unschedule.mutate()}>
        {t('banner.unschedule')}
      </Button>
    </>
  )
}

/** Drafts whose records were changed by others meanwhile, and the way to put both together. */
function StaleNotice({ id }: { id: number }) {
  const { t } = useTranslation(['changeSets', 'common'])
  const client = useQueryClient()
  const { data } = useQuery(draftPageQuery(id))
  const [isAsking, setAsking] = useState(false)
  const count = data?.items.filter(({ is_stale }) => is_stale).length ?? 0
  const rebase = useMutation({
    mutationFn: (prefer?: PreferredSide) => rebaseChangeSet(id, prefer),
    onSuccess: async ({ rebased }) => {
      setAsking(false)
      toast(t('stale.done', { count: rebased }))
      await client.invalidateQueries({ queryKey: ['change-sets'] })
    },
    onError: (error) => {
      if (errorCode(error) === 'conflict') setAsking(true)
    },
  })
  if (count === 0) return null
  return (
    <Notice
      tone="warning"
      action={
        <Button size="toolbar" disabled={rebase.isPending} onClick={() => rebase.mutate(undefined)}>
          {rebase.isPending ? t('stale.rebasing') : t('stale.rebase')}
        </Button>
      }
    >
      <p className="font-medium">{t('stale.title', { count })}</p>
      <p>{t('stale.body')}</p>
      {rebase.error && !isAsking ? <ProblemNotice error={rebase.error} /> : null}
      {isAsking ? (
        <Dialog
          title={t('stale.conflictTitle')}
          closeLabel={t('common:close')}
          onClose={() => setAsking(false)}
        >
          <div className="flex flex-col gap-3 overflow-y-auto p-4 text-ink">
            <p>{t('stale.conflictBody')}</p>
            {rebase.error ? (
              <ProblemNotice error={rebase.error} title={t('stale.conflictTitle')} />
            ) : null}
          </div>
          <footer className="flex justify-end gap-2 border-t border-line px-4 py-3">
            <Button disabled={rebase.isPending} onClick={() => rebase.mutate('in_force')}>
              {t('stale.in_force')}
            </Button>
            <Button
              variant="primary"
              disabled={rebase.isPending}
              onClick={() => rebase.mutate('draft')}
            >
              {t('stale.draft')}
            </Button>
          </footer>
        </Dialog>
      ) : null}
    </Notice>
  )
}
