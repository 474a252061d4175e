import type { CdrDay, CdrDayList } from '~/api/__generated__/schema'

import { type Answer, type Call, iso } from './call.ts'

const DAY_MS = 86_400_000
const DAYS = 70

/** Answers the list of days: of ten weeks, of which the latest month is in the database too. */
export function answerCdrDays(call: Call): Answer {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS
  const before = Date.parse(call.query.get('before') ?? iso(today))
  const limit = Number(call.query.get('limit') ?? 50)
  const all = Array.from({ length: DAYS }, (_, ago) => day(today, ago + 2))
  const rest = all.filter((each) => Date.parse(each.day) < before)
  const items = rest.slice(0, limit)
  const body: CdrDayList = {
    archive: 's3://calls/switch',
    items,
    next_before: rest.length > limit ? (items.at(-1)?.day ?? null) : null,
  }
  return { status: 200, body }
}

function day(today: number, ago: number): CdrDay {
  const begins = today - ago * DAY_MS
  const isDropped = ago > 32
  const records = 180_000 + ((ago * 7_919) % 40_000)
  return {
    day: iso(begins),
    state: (isDropped ? 'dropped' : 'archived') as CdrDay['state'],
    records,
    archived_at: iso(begins + 2 * DAY_MS + 2_400_000),
    archive_key: `cdr/day=${iso(begins).slice(0, 10)}`,
    files: Math.ceil(records / 100_000),
    bytes: records * 290,
    dropped_at: isDropped ? iso(begins + 33 * DAY_MS) : null,
  }
}
