import type { Cdr } from '~/api/__generated__/schema'

/** What a leg was doing. */
export type SegmentKind = 'waiting' | 'replied' | 'ringing' | 'talk'

export interface Segment {
  kind: SegmentKind
  /** Milliseconds since the INVITE was received. */
  startMs: number
  endMs: number
}

export interface TimelineRow {
  /** 0 is the ingress leg, then the attempts by their number. */
  attempt: number
  segments: Segment[]
  /** Where the leg ended without an answer; null when it was answered. */
  failedMs: number | null
}

export interface CallTimeline {
  /** From the INVITE to the answer, or to the end where there was none; at least 1. */
  setupMs: number
  /** From the answer to the end; 0 without an answer. */
  talkMs: number
  rows: TimelineRow[]
}

type Times = Pick<Cdr, 'ringing_at' | 'answered_at' | 'ended_at'>

/** The phases of a call and of its attempts, on one clock. */
export function callTimeline(cdr: Cdr): CallTimeline {
  const origin = Date.parse(cdr.received_at)
  const since = (iso: string) => Math.max(0, Date.parse(iso) - origin)
  const endMs = since(cdr.ended_at)
  const answeredMs = cdr.answered_at ? since(cdr.answered_at) : null

  const row = (
    attempt: number,
    startMs: number,
    reply: string | null,
    times: Times,
  ): TimelineRow => {
    const marks: [at: number | null, kind: SegmentKind][] = [
      [startMs, 'waiting'],
      [reply ? since(reply) : null, 'replied'],
      [times.ringing_at ? since(times.ringing_at) : null, 'ringing'],
      [times.answered_at ? since(times.answered_at) : null, 'talk'],
    ]
    const end = since(times.ended_at)
    return {
      attempt,
      segments: between(marks, end),
      failedMs: times.answered_at ? null : end,
    }
  }

  return {
    setupMs: Math.max(1, answeredMs ?? endMs),
    talkMs: answeredMs === null ? 0 : endMs - answeredMs,
    rows: [
      row(0, 0, null, cdr),
      ...cdr.attempt_records.map((attempt) =>
        row(attempt.number, since(attempt.started_at), attempt.first_reply_at, attempt),
      ),
    ],
  }
}

/** Each mark lasts until the next one that was reached. Phases of no length are left out. */
function between(marks: [at: number | null, kind: SegmentKind][], end: number): Segment[] {
  const reached = marks.flatMap(([at, kind]) => (at === null ? [] : [{ at, kind }]))
  return reached
    .map(({ at, kind }, index) => ({ kind, startMs: at, endMs: reached[index + 1]?.at ?? end }))
    .filter(({ startMs, endMs }) => endMs > startMs)
}
