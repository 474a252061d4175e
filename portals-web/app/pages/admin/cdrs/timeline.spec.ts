import { expect, test } from 'vitest'

import type { Cdr, CdrAttempt } from '~/api/__generated__/schema'

import { callTimeline } from './timeline'

const ORIGIN = Date.parse('2026-11-21T09:00:00Z')
const at = (ms: number) => new Date(ORIGIN + ms).toISOString()

const attempt = (number: number, times: Partial<CdrAttempt>) =>
  ({
    number,
    started_at: at(0),
    first_reply_at: null,
    ringing_at: null,
    answered_at: null,
    ended_at: at(0),
    ...times,
  }) as CdrAttempt

const cdr = (times: Partial<Cdr>, attempts: CdrAttempt[]) =>
  ({
    received_at: at(0),
    ringing_at: null,
    answered_at: null,
    ended_at: at(0),
    ...times,
    attempt_records: attempts,
  }) as Cdr

test('a failover shows both attempts on one clock', () => {
  const timeline = callTimeline(
    cdr({ ringing_at: at(900), answered_at: at(4_000), ended_at: at(64_000) }, [
      attempt(1, { started_at: at(2), first_reply_at: at(10), ended_at: at(300) }),
      attempt(2, {
        started_at: at(301),
        first_reply_at: at(310),
        ringing_at: at(898),
        answered_at: at(3_998),
        ended_at: at(64_000),
      }),
    ]),
  )
  expect(timeline.setupMs).toBe(4_000)
  expect(timeline.talkMs).toBe(60_000)
  expect(timeline.rows.map(({ failedMs }) => failedMs)).toEqual([null, 300, null])
  expect(timeline.rows[2]?.segments).toEqual([
    { kind: 'waiting', startMs: 301, endMs: 310 },
    { kind: 'replied', startMs: 310, endMs: 898 },
    { kind: 'ringing', startMs: 898, endMs: 3_998 },
    { kind: 'talk', startMs: 3_998, endMs: 64_000 },
  ])
})

test('an attempt without any reply waited until its end', () => {
  const timeline = callTimeline(
    cdr({ ended_at: at(2_001) }, [attempt(1, { started_at: at(1), ended_at: at(2_001) })]),
  )
  expect(timeline.talkMs).toBe(0)
  expect(timeline.setupMs).toBe(2_001)
  expect(timeline.rows[1]).toEqual({
    attempt: 1,
    segments: [{ kind: 'waiting', startMs: 1, endMs: 2_001 }],
    failedMs: 2_001,
  })
})

test('a call that was refused at once still has a width', () => {
  const timeline = callTimeline(cdr({ ended_at: at(0) }, []))
  expect(timeline.setupMs).toBe(1)
  expect(timeline.rows).toEqual([{ attempt: 0, segments: [], failedMs: 0 }])
})

test('an answer without ringing has no ringing', () => {
  const timeline = callTimeline(
    cdr({ answered_at: at(500), ended_at: at(1_500) }, [
      attempt(1, {
        started_at: at(0),
        first_reply_at: at(500),
        answered_at: at(500),
        ended_at: at(1_500),
      }),
    ]),
  )
  expect(timeline.rows[1]?.segments.map(({ kind }) => kind)).toEqual(['waiting', 'talk'])
})
