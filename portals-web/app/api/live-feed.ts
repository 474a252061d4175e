import { ChartBuffer } from '~/util/chart-buffer'

import type { LivePoint } from './__generated__/schema'

/** How far the live screens look back. */
export const LIVE_SPAN_SECONDS = 600

/** Without a sample for so long the picture is no longer live. The switch sends one each second. */
const DELAYED_AFTER_MS = 3_000
/** Without a sample for so long the connection is taken for dead, whatever the browser says. */
const DEAD_AFTER_MS = 12_000
const RETRY_FIRST_MS = 1_000
const RETRY_LONGEST_MS = 15_000

export type FeedState =
  /** No sample yet. */
  | 'connecting'
  | 'live'
  /** Connected, but the samples do not come. */
  | 'delayed'
  /** Not connected; retried with growing pauses. */
  | 'offline'
  /** Nobody looks: the tab is hidden. */
  | 'paused'

export interface FeedSnapshot {
  state: FeedState
  /** The last ten minutes, oldest first. A new array with each change. */
  points: readonly LivePoint[]
}

/** What the feed needs from the world, so that a test can play the world. */
export interface FeedWorld {
  openStream(): StreamPort
  loadHistory(seconds: number): Promise<readonly LivePoint[]>
  now(): number
  /** The session is over: the feed stops asking. */
  onSignedOut(): void
  isSignedOut(error: unknown): boolean
}

/** The part of EventSource that is used. */
export interface StreamPort {
  onSample(listener: (data: string) => void): void
  onError(listener: () => void): void
  close(): void
}

/**
 * The pulse of the switch: history first, then one sample a second, kept for ten minutes.
 *
 * Any break (network, restart, hidden tab) ends in the same place: connect, load what was missed,
 * go on. The browser's own reconnection is not used, because it gives up for good on an HTTP
 * error and tells nobody.
 */
export class LiveFeed {
  readonly #buffer = new ChartBuffer<LivePoint>(
    LIVE_SPAN_SECONDS,
    (point) => Date.parse(point.at) / 1000,
  )
  readonly #world: FeedWorld
  readonly #listeners = new Set<() => void>()
  #snapshot: FeedSnapshot = { state: 'paused', points: [] }
  #stream: StreamPort | null = null
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #watchTimer: ReturnType<typeof setInterval> | undefined
  #retryMs = RETRY_FIRST_MS
  #lastSampleAt = 0
  /** Which connection is the present one; answers for an older one are dropped. */
  #connection = 0

  constructor(world: FeedWorld) {
    this.#world = world
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly snapshot = (): FeedSnapshot => this.#snapshot

  /** Connects, unless it is running. */
  start(): void {
    if (this.#watchTimer !== undefined) return
    this.#retryMs = RETRY_FIRST_MS
    this.#watchTimer = setInterval(() => this.#watch(), 1_000)
    this.#set({ state: 'connecting' })
    this.#connect()
  }

  /** Lets go of the connection and keeps what was seen. */
  stop(): void {
    this.#disconnect()
    clearInterval(this.#watchTimer)
    this.#watchTimer = undefined
    this.#set({ state: 'paused' })
  }

  #connect(): void {
    this.#disconnect()
    const connection = this.#connection
    this.#lastSampleAt = this.#world.now()
    const stream = this.#world.openStream()
    this.#stream = stream
    stream.onSample((data) => this.#take(parseSample(data)))
    stream.onError(() => this.#lost())
    // The stream is open before the history is asked, so that no second falls between them.
    this.#world.loadHistory(LIVE_SPAN_SECONDS).then(
      (points) => {
        if (connection !== this.#connection) return
        this.#buffer.insert(points)
        this.#set({})
      },
      (error: unknown) => {
        if (connection !== this.#connection) return
        if (this.#world.isSignedOut(error)) {
          this.stop()
          this.#world.onSignedOut()
          return
        }
        this.#lost()
      },
    )
  }

  #disconnect(): void {
    this.#connection += 1
    this.#stream?.close()
    this.#stream = null
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
  }

  #take(point: LivePoint | null): void {
    if (!point) return
    this.#lastSampleAt = this.#world.now()
    this.#retryMs = RETRY_FIRST_MS
    this.#buffer.insert([point])
    this.#set({ state: 'live' })
  }

  #lost(): void {
    this.#disconnect()
    this.#set({ state: 'offline' })
    this.#retryTimer = setTimeout(() => this.#connect(), this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LONGEST_MS)
  }

  #watch(): void {
    if (!this.#stream) return
    const silentMs = this.#world.now() - this.#lastSampleAt
    if (silentMs > DEAD_AFTER_MS) this.#lost()
    else if (silentMs > DELAYED_AFTER_MS && this.#snapshot.state === 'live') {
      this.#set({ state: 'delayed' })
    }
  }

  #set(change: { state?: FeedState }): void {
    this.#snapshot = {
      state: change.state ?? this.#snapshot.state,
      points: this.#buffer.points,
    }
    for (const listener of this.#listeners) listener()
  }
}

/** A sample that cannot be read is left out: the next one comes in a second. */
function parseSample(data: string): LivePoint | null {
  try {
    const value: unknown = JSON.parse(data)
    const looksRight = typeof value === 'object' && value !== null && 'at' in value
    return looksRight ? (value as LivePoint) : null
  } catch {
    return null
  }
}
