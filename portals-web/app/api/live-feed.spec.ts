import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { LivePoint } from './__generated__/schema'
import { ApiError, isSignedOut, UnreachableError } from './errors'
import { type FeedWorld, LiveFeed } from './live-feed'

const START = Date.parse('2026-11-21T09:00:00Z')

const point = (second: number, calls = second): LivePoint => ({
  at: new Date(START + second * 1000).toISOString(),
  calls_now: calls,
  cps: 2,
  attempts: 2,
  answered: 1,
  failed: 1,
  asr_percent: 50,
  revenue: '1.0',
  cost: '0.8',
  margin: '0.2',
  currency: 'USD',
})

/** A world whose streams and history are played by the test. */
function fakeWorld() {
  const streams: { sample(point: LivePoint | string): void; fail(): void; closed: boolean }[] = []
  const world = {
    history: vi.fn<() => Promise<LivePoint[]>>(() => Promise.resolve([])),
    signedOut: vi.fn(),
    streams,
    last: () => streams.at(-1) ?? expect.fail('no stream was opened'),
  }
  const ports: FeedWorld = {
    openStream: () => {
      let onSample: (data: string) => void = () => undefined
      let onError: () => void = () => undefined
      const stream = {
        closed: false,
        sample: (it: LivePoint | string) =>
          onSample(typeof it === 'string' ? it : JSON.stringify(it)),
        fail: () => onError(),
      }
      streams.push(stream)
      return {
        onSample: (listener) => (onSample = listener),
        onError: (listener) => (onError = listener),
        close: () => (stream.closed = true),
      }
    },
    loadHistory: () => world.history(),
    now: () => Date.now(),
    onSignedOut: () => world.signedOut(),
    isSignedOut,
  }
  return { world, feed: new LiveFeed(ports) }
}

const seconds = (feed: LiveFeed) => feed.snapshot().points.map(({ calls_now }) => calls_now)

beforeEach(() => {
  vi.useFakeTimers({ now: START })
})
afterEach(() => {
  vi.useRealTimers()
})

test('history and stream make one picture', async () => {
  const { world, feed } = fakeWorld()
  world.history.mockResolvedValue([point(1), point(2), point(3)])
  feed.start()
  expect(feed.snapshot().state).toBe('connecting')
  world.last().sample(point(3))
  world.last().sample(point(4))
  await vi.advanceTimersByTimeAsync(0)
  expect(seconds(feed)).toEqual([1, 2, 3, 4])
  expect(feed.snapshot()).toMatchObject({ state: 'live' })
})

test('a stream that falls silent is delayed, and connected anew when it stays silent', async () => {
  const { world, feed } = fakeWorld()
  feed.start()
  world.last().sample(point(1))
  await vi.advanceTimersByTimeAsync(4_000)
  expect(feed.snapshot().state).toBe('delayed')
  await vi.advanceTimersByTimeAsync(9_000)
  expect(feed.snapshot().state).toBe('offline')
  expect(world.streams[0]?.closed).toBe(true)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(world.streams).toHaveLength(2)
})

test('after a break the missed seconds are loaded', async () => {
  const { world, feed } = fakeWorld()
  feed.start()
  world.last().sample(point(1))
  world.last().fail()
  expect(feed.snapshot().state).toBe('offline')
  world.history.mockResolvedValue([point(1), point(2), point(3)])
  await vi.advanceTimersByTimeAsync(1_000)
  world.last().sample(point(4))
  expect(seconds(feed)).toEqual([1, 2, 3, 4])
  expect(feed.snapshot().state).toBe('live')
})

test('pauses between tries grow and are bounded', async () => {
  const { world, feed } = fakeWorld()
  world.history.mockRejectedValue(new UnreachableError('down'))
  feed.start()
  await vi.advanceTimersByTimeAsync(60_000)
  // 0, 1, 3, 7, 15, 30, 45, 60 s.
  expect(world.streams).toHaveLength(8)
})

test('a sample resets the pause', async () => {
  const { world, feed } = fakeWorld()
  world.history.mockRejectedValueOnce(new UnreachableError('down'))
  feed.start()
  await vi.advanceTimersByTimeAsync(1_000)
  world.last().sample(point(1))
  world.last().fail()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(world.streams).toHaveLength(3)
})

test('a session that is over stops the feed', async () => {
  const { world, feed } = fakeWorld()
  world.history.mockRejectedValue(
    new ApiError({ type: '/problems/unauthenticated', title: '', status: 401, detail: '' }),
  )
  feed.start()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(world.signedOut).toHaveBeenCalledOnce()
  expect(world.streams).toHaveLength(1)
  expect(feed.snapshot().state).toBe('paused')
})

test('a stopped feed keeps its picture and takes no late answer', async () => {
  const { world, feed } = fakeWorld()
  world.history.mockResolvedValue([point(1)])
  feed.start()
  feed.stop()
  await vi.advanceTimersByTimeAsync(0)
  expect(seconds(feed)).toEqual([])
  expect(world.last().closed).toBe(true)
})

test('a sample that cannot be read is left out', () => {
  const { world, feed } = fakeWorld()
  feed.start()
  world.last().sample('{"at":')
  world.last().sample('null')
  world.last().sample(point(2))
  expect(seconds(feed)).toEqual([2])
})
