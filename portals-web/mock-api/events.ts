import type { IncomingMessage, ServerResponse } from 'node:http'

import type { SwitchEvent } from '~/api/__generated__/schema'

import { iso, pageOf } from './call.ts'

const FIRST_COUNT = 80
const MINUTE_MS = 60_000
const EVERY_MS = 1_000
/** A stream ends after so many, as those of the switch do after a while: who reads on comes back. */
const EVENTS_OF_A_STREAM = 8
const ACTORS = ['anna', 'boris', 'switch']

/** What happened in one user's world. While somebody listens, something happens each second. */
export class Events {
  /** Oldest first. */
  readonly #events: SwitchEvent[]
  #lastMs: number

  constructor(nowMs: number, isNew: boolean) {
    const count = isNew ? 0 : FIRST_COUNT
    this.#events = Array.from({ length: count }, (_, at) =>
      event(at + 1, nowMs - (count - at) * MINUTE_MS),
    )
    this.#lastMs = nowMs
  }

  list(query: URLSearchParams) {
    const [subject, actor] = [query.get('subject'), query.get('actor')]
    const [from, to] = [query.get('from'), query.get('to')]
    const before = Number(query.get('cursor') ?? Number.MAX_SAFE_INTEGER)
    const rest = new URLSearchParams({ limit: query.get('limit') ?? '50' })
    const matching = this.#events
      .filter(({ kind }) => isWanted(kind, query.get('kind')))
      .filter((each) => (subject ?? each.subject) === each.subject)
      .filter((each) => (actor ?? each.actor) === each.actor)
      .filter(({ at }) => (!from || at >= from) && (!to || at < to))
      .filter(({ id }) => id < before)
    return pageOf(matching.toReversed(), rest)
  }

  /** Sends what happens, beginning behind the event that the reader has. */
  stream(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write('retry: 2000\n: events\n\n')
    const header = request.headers['last-event-id']
    let last = Number(header ?? query.get('after') ?? this.#events.length)
    let sent = 0
    const timer = setInterval(() => {
      this.#happen(Date.now())
      for (const each of this.#events.slice(last)) {
        last = each.id
        if (!isWanted(each.kind, query.get('kind'))) continue
        response.write(`id: ${each.id}\ndata: ${JSON.stringify(each)}\n\n`)
        sent += 1
      }
      if (sent >= EVENTS_OF_A_STREAM) response.end()
    }, EVERY_MS)
    response.on('close', () => clearInterval(timer))
  }

  #happen(nowMs: number): void {
    if (nowMs - this.#lastMs < EVERY_MS) return
    this.#lastMs = nowMs
    this.#events.push(event(this.#events.length + 1, nowMs))
  }
}

/** The kind of the event of a number: notifications name their events by it. */
export function eventKind(id: number): string {
  if (id % 4 === 0) return 'change_set.failed'
  if (id % 2 === 0) return 'change_set.pushed'
  if (id % 5 === 0) return 'user.signed_in'
  return id % 7 === 0 ? 'carrier.deleted' : 'trunk.updated'
}

function event(id: number, atMs: number): SwitchEvent {
  const kind = eventKind(id)
  const [area = ''] = kind.split('.')
  const names: Record<string, string> = {
    change_set: String(id),
    user: 'anna',
    carrier: 'former',
    trunk: 'aurora-fra',
  }
  return {
    id,
    kind,
    subject: `${area}/${names[area] ?? id}`,
    actor: ACTORS[id % ACTORS.length] ?? 'switch',
    data: area === 'user' ? { address: '192.0.2.7' } : { configuration: id, change_set: null },
    at: iso(atMs),
  }
}

/** `carrier.*` means all of an area. */
function isWanted(kind: string, wanted: string | null): boolean {
  if (wanted === null) return true
  return wanted.endsWith('.*') ? kind.startsWith(wanted.slice(0, -1)) : kind === wanted
}
