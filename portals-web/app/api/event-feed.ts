import type { EventList, SwitchEvent } from './__generated__/schema'

/** So many events are kept; beyond it the newest page is asked for anew. */
export const EVENTS_MAX = 1_000

const RETRY_FIRST_MS = 1_000
const RETRY_LONGEST_MS = 15_000

export type EventFeedState =
  /** Not connected yet, for the first time or again after a stream has ended. */
  | 'connecting'
  | 'live'
  /** Not connected; retried with growing pauses. */
  | 'offline'
  /** Nobody looks: the tab is hidden. */
  | 'paused'

export interface EventFeedSnapshot {
  state: EventFeedState
  /** Newest first; undefined until the first answer. A new array with each change. */
  events: readonly SwitchEvent[] | undefined
  /** How many have come since the list was held still. */
  waiting: number
  isHeld: boolean
  /** Where the page behind the last event begins; null when there is none. */
  nextCursor: string | null
  /** Why the first page could not be had. */
  error: unknown
}

/** What the feed needs from the world, so that a test can play the world. */
export interface EventFeedWorld {
  /** Begins behind the event of this number; without it, with what happens next. */
  openStream(after: number | undefined): EventStreamPort
  loadNewest(): Promise<EventList>
  /** Whether an event of the stream belongs into the list. */
  isWanted(event: SwitchEvent): boolean
  /** The session is over: the feed stops asking. */
  onSignedOut(): void
  isSignedOut(error: unknown): boolean
}

/** The part of EventSource that is used. */
export interface EventStreamPort {
  onOpen(listener: () => void): void
  onEvent(listener: (data: string) => void): void
  /** Some events between two of the stream are not kept any more. */
  onGap(listener: () => void): void
  onError(listener: () => void): void
  close(): void
}

/**
 * What happens, as a list that grows at its head.
 *
 * The first page is asked for once the stream is open, so that nothing falls between them. A stream
 * that ends (the switch ends each after a while) is opened anew behind the last event that was
 * read. The browser's own reconnection is not used, because it gives up for good on an HTTP error
 * and tells nobody.
 */
export class EventFeed {
  readonly #world: EventFeedWorld
  readonly #listeners = new Set<() => void>()
  readonly #waiting: SwitchEvent[] = []
  #snapshot: EventFeedSnapshot = {
    state: 'paused',
    events: undefined,
    waiting: 0,
    isHeld: false,
    nextCursor: null,
    error: null,
  }
  #stream: EventStreamPort | null = null
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #retryMs = RETRY_FIRST_MS
  #isRunning = false
  /** The highest number that was read, of the list or of the stream. */
  #last: number | undefined
  #isLoaded = false
  /** Which connection is the present one; answers for an older one are dropped. */
  #connection = 0

  constructor(world: EventFeedWorld) {
    this.#world = world
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly snapshot = (): EventFeedSnapshot => this.#snapshot

  /** Connects, unless it is running. */
  start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#retryMs = RETRY_FIRST_MS
    this.#set({ state: 'connecting' })
    this.#connect()
  }

  /** Lets go of the connection and keeps what was seen. */
  stop(): void {
    this.#isRunning = false
    this.#disconnect()
    this.#set({ state: 'paused' })
  }

  /** Asks for the newest page anew. */
  readonly reload = (): void => {
    if (this.#isRunning) this.#load()
  }

  /** The list stands still; what comes waits. */
  readonly hold = (): void => this.#set({ isHeld: true })

  /** What has waited is shown. */
  readonly release = (): void => {
    this.#set({ isHeld: false })
    this.#show(this.#waiting.splice(0))
  }

  #connect(): void {
    this.#disconnect()
    const stream = this.#world.openStream(this.#last)
    let isOpen = false
    this.#stream = stream
    stream.onOpen(() => {
      isOpen = true
      this.#retryMs = RETRY_FIRST_MS
      this.#set({ state: 'live' })
      if (!this.#isLoaded) this.#load()
    })
    stream.onEvent((data) => this.#take(parseEvent(data)))
    stream.onGap(() => this.#load())
    stream.onError(() => {
      this.#lost()
      // Without a stream there is the list, which also tells when the session is over.
      if (!isOpen) this.#load()
    })
  }

  #disconnect(): void {
    this.#connection += 1
    this.#stream?.close()
    this.#stream = null
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
  }

  #load(): void {
    const connection = this.#connection
    this.#world.loadNewest().then(
      ({ items, next_cursor }) => {
        if (connection !== this.#connection) return
        const newer = this.#newerThan(items)
        this.#waiting.length = 0
        this.#isLoaded = true
        this.#last = Math.max(this.#last ?? 0, items[0]?.id ?? 0)
        this.#set({
          events: [...newer, ...items],
          waiting: 0,
          nextCursor: next_cursor,
          error: null,
        })
      },
      (error: unknown) => {
        if (connection !== this.#connection) return
        if (this.#world.isSignedOut(error)) {
          this.stop()
          this.#world.onSignedOut()
          return
        }
        this.#set({ error })
        this.#lost()
      },
    )
  }

  /** What the stream has brought while the page was on its way. */
  #newerThan(items: readonly SwitchEvent[]): SwitchEvent[] {
    const newest = items[0]?.id ?? 0
    const known = [...this.#waiting.toReversed(), ...(this.#snapshot.events ?? [])]
    // After a gap what is known may lie before it: only what follows the page is sure.
    return known.filter(({ id }) => id > newest)
  }

  #take(event: SwitchEvent | null): void {
    if (!event || event.id <= (this.#last ?? 0)) return
    this.#last = event.id
    if (!this.#world.isWanted(event)) return
    if (!this.#snapshot.isHeld) {
      this.#show([event])
      return
    }
    this.#waiting.push(event)
    if (this.#waiting.length > EVENTS_MAX) this.#waiting.shift()
    this.#set({ waiting: this.#waiting.length })
  }

  /** Oldest first. */
  #show(fresh: readonly SwitchEvent[]): void {
    const events = [...fresh.toReversed(), ...(this.#snapshot.events ?? [])]
    this.#set({ events, waiting: this.#waiting.length })
    if (events.length > EVENTS_MAX) this.reload()
  }

  #lost(): void {
    this.#disconnect()
    // A stream that was open ends now and then by itself: that is no trouble yet.
    this.#set({ state: this.#snapshot.state === 'live' ? 'connecting' : 'offline' })
    this.#retryTimer = setTimeout(() => this.#connect(), this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LONGEST_MS)
  }

  #set(change: Partial<EventFeedSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change }
    for (const listener of this.#listeners) listener()
  }
}

/** An event that cannot be read is left out. */
function parseEvent(data: string): SwitchEvent | null {
  try {
    const value: unknown = JSON.parse(data)
    const looksRight = typeof value === 'object' && value !== null && 'id' in value
    return looksRight ? (value as SwitchEvent) : null
  } catch {
    return null
  }
}
