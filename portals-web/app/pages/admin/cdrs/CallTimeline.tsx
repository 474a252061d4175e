import { clsx } from 'clsx'
import { useTranslation } from 'react-i18next'

import type { Cdr } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import {
  callTimeline,
  type CallTimeline as Timeline,
  type Segment,
  type SegmentKind,
  type TimelineRow,
} from './timeline'
import { formatDuration } from '~/util/duration'

const KINDS: Record<SegmentKind, string> = {
  waiting: 'bg-line-strong',
  replied: 'bg-chart-4',
  ringing: 'bg-chart-3',
  talk: 'bg-chart-2',
}

/** Share of the width that is kept for the talk, which would otherwise leave no room for the set-up. */
const TALK_SHARE = 25

/** Set-up to scale in milliseconds; the talk, which is a thousand times longer, as a block behind it. */
export function CallTimeline({ cdr }: { cdr: Cdr }) {
  const { t } = useTranslation('cdrs')
  const format = useFormat()
  const timeline = callTimeline(cdr)
  const setupShare = timeline.talkMs > 0 ? 100 - TALK_SHARE : 100
  const name = (attempt: number) =>
    attempt === 0
      ? t('detail.ingress')
      : (cdr.attempt_records.find(({ number }) => number === attempt)?.carrier ?? '')
  return (
    <figure className="flex flex-col gap-3">
      <div className="flex items-center justify-between text-meta text-ink-3 tabular-nums">
        <span>
          {t('detail.setup')}: {format.ms(timeline.setupMs)}
        </span>
        {timeline.talkMs > 0 ? (
          <span>
            {t('detail.talk')}: {formatDuration(timeline.talkMs)}
          </span>
        ) : null}
      </div>
      <ul className="flex flex-col gap-2">
        {timeline.rows.map((row) => (
          <li key={row.attempt} className="grid grid-cols-[112px_1fr] items-center gap-3">
            <span className="truncate text-ink-2">
              {row.attempt > 0 ? `${row.attempt} · ` : ''}
              {name(row.attempt)}
            </span>
            <Lane row={row} timeline={timeline} setupShare={setupShare} />
          </li>
        ))}
      </ul>
      <Moments cdr={cdr} />
      <figcaption className="flex flex-wrap gap-x-4 gap-y-1 text-meta text-ink-2">
        {(['waiting', 'replied', 'ringing', 'talk'] as const).map((kind) => (
          <span key={kind} className="flex items-center gap-1.5">
            <span aria-hidden className={clsx('size-2 rounded-[2px]', KINDS[kind])} />
            {t(`detail.${kind}`)}
          </span>
        ))}
        <span className="flex items-center gap-1.5">
          <span aria-hidden className="h-2.5 w-0.5 bg-danger" />
          {t('detail.failedAt')}
        </span>
      </figcaption>
    </figure>
  )
}

interface LaneProps {
  row: TimelineRow
  timeline: Timeline
  setupShare: number
}

function Lane({ row, timeline, setupShare }: LaneProps) {
  const { t } = useTranslation('cdrs')
  const format = useFormat()
  const at = (ms: number) => (Math.min(ms, timeline.setupMs) / timeline.setupMs) * setupShare
  const place = ({ kind, startMs, endMs }: Segment) =>
    kind === 'talk'
      ? { insetInlineStart: `${setupShare}%`, width: `${100 - setupShare}%` }
      : { insetInlineStart: `${at(startMs)}%`, width: `${at(endMs) - at(startMs)}%` }
  return (
    <div className="relative h-4 rounded-badge bg-subtle">
      {row.segments.map((segment) => (
        <span
          key={segment.kind}
          title={`${t(`detail.${segment.kind}`)} ${format.ms(segment.endMs - segment.startMs)}`}
          className={clsx('absolute inset-y-0.5 min-w-px rounded-[2px]', KINDS[segment.kind])}
          style={place(segment)}
        />
      ))}
      {row.failedMs === null ? null : (
        <span
          title={`${t('detail.failedAt')} ${format.ms(row.failedMs)}`}
          className="absolute inset-y-0 w-0.5 bg-danger"
          style={{ insetInlineStart: `calc(${at(row.failedMs)}% - 2px)` }}
        />
      )}
    </div>
  )
}

function Moments({ cdr }: { cdr: Cdr }) {
  const { t } = useTranslation('cdrs')
  const format = useFormat()
  const moments = [
    { name: 'received', at: cdr.received_at },
    { name: 'ringing', at: cdr.ringing_at },
    { name: 'answered', at: cdr.answered_at },
    { name: 'ended', at: cdr.ended_at },
  ] as const
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-1 border-t border-line pt-3 tabular-nums sm:grid-cols-4">
      {moments.map(({ name, at }) => (
        <div key={name}>
          <dt className="text-meta text-ink-3">{t(`detail.step.${name}`)}</dt>
          <dd>{at ? format.clock(at, { ms: true }) : '–'}</dd>
        </div>
      ))}
    </dl>
  )
}
