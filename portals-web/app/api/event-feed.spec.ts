import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { EventList, SwitchEvent } from './__generated__/schema'
import { ApiError, isSignedOut } from './errors'
import { EventFeed, EVENTS_MAX } from './event-feed'

const event = (id: number, actor = 'ann'): SwitchEvent => ({
  id,
  kind: 'trunk.updated',
  subject: 'trunk/a',
  actor,
  data: {},
  at: '2026-11-21T09:00:00Z',
})

const page = (...ids: number[]): EventList => ({
  items: ids.map((id) => event(id)),
  next_cursor: 'older',
})

/** A world whose streams and pages are played by the test. */
function fakeWorld() {
  const streams: {
    after: number | undefined
    open(): void
    send(event: SwitchEvent | string): void
    gap(): void
    fail(): void
    closed: boolean
  }[] = []
  const world = {
    newest: vi.fn<() => Promise<EventList>>(() => Promise.resolve(page(3, 2, 1))),
    signedOut: vi.fn(),
    streams,
    last: () => streams.at(-1) ?? expect.fail('no stream was opened'),
  }
  const feed = new EventFeed({
    openStream: (after) => {
      const heard: Record<string, (data: string) => void> = {}
      const tell = (name: string, data = '') => heard[name]?.(data)
      const stream = {
        after,
        closed: false,
        open: () => tell('open'),
        send: (it: SwitchEvent | string) =>
          tell('event', typeof it === 'string' ? it : JSON.stringify(it)),
        gap: () => tell('gap'),
        fail: () => tell('error'),
      }
      streams.push(stream)
      return {
        onOpen: (listener) => (heard['open'] = listener),
        onEvent: (listener) => (heard['event'] = listener),
        onGap: (listener) => (heard['gap'] = listener),
        onError: (listener) => (heard['error'] = listener),
        close: () => (stream.closed = true),
      }
    },
    loadNewest: () => world.newest(),
    isWanted: ({ actor }) => actor === 'ann',
    onSignedOut: () => world.signedOut(),
    isSignedOut,
  })
  return { world, feed }
}

const ids = (feed: EventFeed) => feed.snapshot().events?.map(({ id }) => id)
const settle = () => vi.advanceTimersByTimeAsync(0)

/** A feed whose first page is there. */
async function begun() {
  const both = fakeWorld()
  both.feed.start()
  both.world.last().open()
  await settle()
  return both
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

test('the first page is asked for once the stream is open, and nothing is there twice', async () => {
  const { world, feed } = fakeWorld()
  feed.start()
  expect(world.newest).not.toHaveBeenCalled()
  expect(world.last().after).toBeUndefined()
  world.last().open()
  world.last().send(event(3))
  world.last().send(event(4))
  await settle()
  expect(ids(feed)).toEqual([4, 3, 2, 1])
  expect(feed.snapshot()).toMatchObject({ state: 'live', nextCursor: 'older' })
})

test('what happens stands at the head; what is not wanted or cannot be read is left out', async () => {
  const { world, feed } = await begun()
  world.last().send(event(4))
  world.last().send(event(5, 'eve'))
  world.last().send('{')
  world.last().send(event(6))
  world.last().send(event(6))
  expect(ids(feed)).toEqual([6, 4, 3, 2, 1])
})

test('a stream that ends is opened again behind the last event that was read', async () => {
  const { world, feed } = await begun()
  world.last().send(event(4))
  world.last().send(event(5, 'eve'))
  const ended = world.last()
  ended.fail()
  expect(ended.closed).toBe(true)
  expect(feed.snapshot().state).toBe('connecting')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(world.last().after).toBe(5)
  world.last().open()
  world.last().send(event(6))
  expect(ids(feed)).toEqual([6, 4, 3, 2, 1])
  expect(world.newest).toHaveBeenCalledTimes(1)
})

test('without a stream the list is shown, and the stream is tried with growing pauses', async () => {
  const { world, feed } = fakeWorld()
  feed.start()
  world.last().fail()
  await settle()
  expect(feed.snapshot().state).toBe('offline')
  expect(ids(feed)).toEqual([3, 2, 1])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(world.streams).toHaveLength(2)
  world.last().fail()
  await vi.advanceTimersByTimeAsync(1_999)
  expect(world.streams).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(1)
  expect(world.streams).toHaveLength(3)
  expect(world.last().after).toBe(3)
})

test('a list that cannot be had is told, and asked for again', async () => {
  const { world, feed } = fakeWorld()
  world.newest.mockRejectedValueOnce(new Error('gone'))
  feed.start()
  world.last().open()
  await settle()
  expect(feed.snapshot()).toMatchObject({ state: 'connecting', events: undefined })
  expect(feed.snapshot().error).toBeInstanceOf(Error)
  await vi.advanceTimersByTimeAsync(1_000)
  world.last().open()
  await settle()
  expect(ids(feed)).toEqual([3, 2, 1])
  expect(feed.snapshot().error).toBeNull()
})

test('a list that is held stands still, and what came meanwhile is shown in order', async () => {
  const { world, feed } = await begun()
  feed.hold()
  world.last().send(event(4))
  world.last().send(event(5))
  expect(ids(feed)).toEqual([3, 2, 1])
  expect(feed.snapshot()).toMatchObject({ isHeld: true, waiting: 2 })
  feed.release()
  expect(ids(feed)).toEqual([5, 4, 3, 2, 1])
  expect(feed.snapshot()).toMatchObject({ isHeld: false, waiting: 0 })
})

test('what waits has a limit', async () => {
  const { world, feed } = await begun()
  feed.hold()
  for (let id = 4; id < EVENTS_MAX + 10; id += 1) world.last().send(event(id))
  expect(feed.snapshot().waiting).toBe(EVENTS_MAX)
})

test('a list that has grown long begins anew', async () => {
  const { world, feed } = await begun()
  world.newest.mockResolvedValue(page(EVENTS_MAX + 1, EVENTS_MAX))
  for (let id = 4; id <= EVENTS_MAX + 1; id += 1) world.last().send(event(id))
  await settle()
  expect(ids(feed)).toEqual([EVENTS_MAX + 1, EVENTS_MAX])
})

test('after a gap the list is asked for anew', async () => {
  const { world, feed } = await begun()
  world.newest.mockResolvedValue(page(90, 89))
  world.last().gap()
  await settle()
  expect(ids(feed)).toEqual([90, 89])
})

test('a session that is over ends the asking', async () => {
  const { world, feed } = fakeWorld()
  const problem = { type: '/problems/unauthenticated', title: '', status: 401, detail: '' }
  world.newest.mockRejectedValue(new ApiError(problem))
  feed.start()
  world.last().fail()
  await settle()
  expect(world.signedOut).toHaveBeenCalledOnce()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(world.streams).toHaveLength(1)
})

test('a feed that nobody looks at rests, and goes on behind what was read', async () => {
  const { world, feed } = await begun()
  feed.stop()
  expect(world.last().closed).toBe(true)
  expect(feed.snapshot().state).toBe('paused')
  feed.start()
  expect(world.last().after).toBe(3)
})
