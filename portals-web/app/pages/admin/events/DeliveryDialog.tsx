import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import type { NotificationDelivery } from '~/api/__generated__/schema'
import { eventQuery } from '~/api/events'
import { jobQuery, retryJob } from '~/api/jobs'
import { DeliveryBadge } from '~/components/DeliveryBadge'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useFormat } from '~/hooks/use-format'
import { usePermission } from '~/hooks/use-permission'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { Dialog } from '~/ui/lib/Dialog'
import { type Fact, Facts } from '~/ui/lib/Facts'
import { Skeleton } from '~/ui/lib/Skeleton'
import { NO_VALUE } from '~/util/money'
import { pb } from '~/util/path-builder'
import { webhookMessage } from '~/util/webhook-message'

export interface DeliveryDialogProps {
  delivery: NotificationDelivery
  onClose: () => void
}

/** One delivery: each thing that is known of it, what it says, and the way to send it again. */
export function DeliveryDialog({ delivery, onClose }: DeliveryDialogProps) {
  const { t } = useTranslation(['events', 'common'])
  return (
    <Dialog
      title={t('deliveries.detail.title', { id: delivery.id })}
      closeLabel={t('common:close')}
      width="wide"
      onClose={onClose}
    >
      {/* What scrolls must be reachable by keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div tabIndex={0} className="flex flex-col gap-4 overflow-y-auto p-4">
        <DeliveryFacts delivery={delivery} />
        <section aria-label={t('deliveries.detail.body')} className="min-w-0">
          <h3 className="pb-1 font-medium">{t('deliveries.detail.body')}</h3>
          <DeliveryBody delivery={delivery} />
        </section>
      </div>
      <SendAgain delivery={delivery} />
    </Dialog>
  )
}

function DeliveryFacts({ delivery }: { delivery: NotificationDelivery }) {
  const { t } = useTranslation('events')
  const format = useFormat()
  const nextTry = useNextTry(delivery)
  const time = (at: string) => `${format.dateTime(at, { ms: true })} ${format.zoneName}`
  const { target, channel, event, state, status, error, attempts, job_id } = delivery
  const facts: Fact[] = [
    { label: t('deliveries.column.state'), value: <DeliveryBadge state={state} /> },
    {
      label: t('deliveries.column.target'),
      value: (
        <Link {...pb.resource('notification_target', target)} className="text-link hover:underline">
          {target}
        </Link>
      ),
    },
    {
      label: t('deliveries.detail.channel'),
      value: t(`deliveries.channel.${channel === 'email' ? 'email' : 'webhook'}`),
    },
    { label: t('deliveries.column.event'), value: event, mono: true },
    { label: t('deliveries.column.attempts'), value: attempts },
    { label: t('deliveries.column.status'), value: status ?? NO_VALUE },
    { label: t('deliveries.column.duration'), value: format.ms(delivery.duration_ms) },
    { label: t('deliveries.column.error'), value: error ?? NO_VALUE },
    ...(nextTry ? [{ label: t('deliveries.detail.nextTry'), value: time(nextTry) }] : []),
    { label: t('deliveries.column.at'), value: time(delivery.created_at) },
    { label: t('deliveries.column.updated'), value: time(delivery.updated_at) },
    { label: t('deliveries.detail.messageId'), value: delivery.message_id, mono: true },
    ...(job_id === null
      ? []
      : [
          {
            label: t('deliveries.detail.job'),
            value: (
              <Link {...pb.job(job_id)} className="text-link hover:underline">
                {job_id}
              </Link>
            ),
          },
        ]),
  ]
  return (
    <>
      <Facts facts={facts} />
      {state === 'suppressed' ? (
        <p className="text-ink-2">{t('deliveries.detail.goneNote')}</p>
      ) : null}
    </>
  )
}

/** When it is tried next, which its job knows; null when it is not. */
function useNextTry({ state, job_id, updated_at }: NotificationDelivery): string | null {
  const canRead = usePermission('job.read')
  const isOpen = state === 'pending' || state === 'failed'
  const { data } = useQuery({
    ...jobQuery(String(job_id)),
    // Each try gives the job another time, and so does sending it again.
    queryKey: ['deliveries', 'next-try', String(job_id), updated_at],
    enabled: canRead && isOpen && job_id !== null,
  })
  return isOpen && data?.state === 'ready' ? data.run_at : null
}

/** The body of the request, made of the event as the switch makes it. */
function DeliveryBody({ delivery: { event_id, channel } }: { delivery: NotificationDelivery }) {
  const { t } = useTranslation('events')
  const isOfEvent = event_id !== null
  const { data, error } = useQuery({ ...eventQuery(event_id ?? 0), enabled: isOfEvent })
  if (!isOfEvent) return <p className="text-ink-2">{t('deliveries.detail.ofTest')}</p>
  if (error && data === undefined) return <ProblemNotice error={error} />
  if (data === undefined) return <Skeleton className="h-24" />
  if (data === null) return <p className="text-ink-2">{t('deliveries.detail.eventGone')}</p>
  return (
    <>
      <pre className="rounded-control bg-subtle p-3 font-mono text-meta break-words whitespace-pre-wrap">
        {JSON.stringify(webhookMessage(data), null, 2)}
      </pre>
      {channel === 'webhook' ? (
        <p className="pt-1 text-meta text-ink-2">{t('deliveries.detail.bodyHelp')}</p>
      ) : null}
    </>
  )
}

/** Lets the job of a delivery that did not succeed run now. */
function SendAgain({ delivery: { id, state, job_id } }: { delivery: NotificationDelivery }) {
  const { t } = useTranslation('events')
  const client = useQueryClient()
  const canWrite = usePermission('job.write')
  const again = useMutation({
    mutationFn: retryJob,
    onSuccess: async () => {
      toast(t('deliveries.detail.sentAgain', { id }))
      await client.invalidateQueries({ queryKey: ['deliveries'] })
    },
  })
  if (!canWrite || job_id === null || (state !== 'dead' && state !== 'failed')) return null
  return (
    <footer className="flex flex-wrap items-center justify-end gap-2 border-t border-line px-4 py-3">
      {again.error ? <ProblemNotice error={again.error} /> : null}
      <Button variant="primary" disabled={again.isPending} onClick={() => again.mutate(job_id)}>
        {t('deliveries.detail.sendAgain')}
      </Button>
    </footer>
  )
}
