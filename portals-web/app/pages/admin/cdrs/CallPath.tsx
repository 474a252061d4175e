import { clsx } from 'clsx'
import { Check, type LucideIcon, PhoneIncoming, Split, X } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import type { Cdr, CdrAttempt } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import { useReason } from '~/hooks/use-reason'
import { formatE164 } from '~/util/e164'
import { formatSipStatus } from '~/util/sip-status'

/** The way of a call: who sent it, what handled it, and each carrier that was tried. */
export function CallPath({ cdr }: { cdr: Cdr }) {
  const { t } = useTranslation('cdrs')
  return (
    <ol className="flex flex-col">
      <Stop
        icon={PhoneIncoming}
        label={t('detail.ingress')}
        title={cdr.customer ?? t('detail.unknownCustomer')}
      >
        <p>{cdr.ingress_trunk}</p>
        <p className="font-mono text-meta text-ink-2">
          {cdr.ingress_source} {cdr.ingress_transport}
        </p>
        <p className="text-ink-2">
          {formatE164(cdr.calling_number)} → {formatE164(cdr.called_number_received)}
        </p>
      </Stop>
      <Stop
        icon={Split}
        label={t('detail.switch')}
        title={t('detail.shard', { node: cdr.node, shard: cdr.shard })}
        isLast={cdr.attempt_records.length === 0}
      >
        <p className="text-ink-2">{t('detail.snapshot', { number: cdr.snapshot_number })}</p>
        {cdr.attempt_records.length === 0 ? (
          <p className="text-warning">{t('detail.noAttempt')}</p>
        ) : null}
      </Stop>
      {cdr.attempt_records.map((attempt, index) => (
        <Attempt
          key={attempt.number}
          attempt={attempt}
          isLast={index === cdr.attempt_records.length - 1}
        />
      ))}
    </ol>
  )
}

function Attempt({ attempt, isLast }: { attempt: CdrAttempt; isLast: boolean }) {
  const { t } = useTranslation('cdrs')
  const format = useFormat()
  const reason = useReason()
  const isAnswered = attempt.answered_at !== null
  const tookMs =
    Date.parse(attempt.answered_at ?? attempt.ended_at) - Date.parse(attempt.started_at)
  return (
    <Stop
      icon={isAnswered ? Check : X}
      tone={isAnswered ? 'good' : 'bad'}
      label={t('detail.attempt', { number: attempt.number })}
      title={attempt.carrier}
      isLast={isLast}
      after={isLast ? null : t('detail.failover')}
    >
      <p>
        <span className={isAnswered ? 'text-success' : 'text-danger'}>
          {formatSipStatus(attempt.sip_status)}
        </span>
        <span className="text-ink-2">
          {' · '}
          {reason(attempt.release_reason)}
          {' · '}
          {t(isAnswered ? 'detail.answeredAfter' : 'detail.failedAfter', {
            time: format.ms(tookMs),
          })}
        </span>
      </p>
      <p className="font-mono text-meta text-ink-2">
        {attempt.egress_trunk} {attempt.gateway} {attempt.transport}
      </p>
    </Stop>
  )
}

interface StopProps {
  icon: LucideIcon
  tone?: 'plain' | 'good' | 'bad'
  label: string
  title: string
  isLast?: boolean
  /** Said on the line to the next stop. */
  after?: string | null
  children: ReactNode
}

const TONES = {
  plain: 'bg-subtle text-ink-2',
  good: 'bg-badge-success-bg text-badge-success',
  bad: 'bg-badge-danger-bg text-badge-danger',
}

function Stop({
  icon: Icon,
  tone = 'plain',
  label,
  title,
  isLast = false,
  after = null,
  children,
}: StopProps) {
  return (
    <li className="flex gap-3">
      <div className="flex flex-col items-center">
        <span
          className={clsx(
            'flex size-7 shrink-0 items-center justify-center rounded-full',
            TONES[tone],
          )}
        >
          <Icon aria-hidden size={14} strokeWidth={2} />
        </span>
        {isLast ? null : <span aria-hidden className="my-1 w-px grow bg-line-strong" />}
      </div>
      <div className={clsx('min-w-0 pt-1', !isLast && 'pb-4')}>
        <p className="flex flex-wrap items-baseline gap-x-2">
          <span className="font-medium">{title}</span>
          <span className="text-meta text-ink-3">{label}</span>
        </p>
        <div className="break-words tabular-nums">{children}</div>
        {after ? <p className="mt-2 text-meta font-medium text-warning">↳ {after}</p> : null}
      </div>
    </li>
  )
}
