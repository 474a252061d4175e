/** Times are kept in UTC and shown in the zone that the user chose. */
export type Zone = 'utc' | 'local'

const formats = new Map<Zone, Intl.DateTimeFormat>()

/** `2026-11-21 09:14:03`, with `.123` where the milliseconds matter. */
export function formatDateTime(iso: string, zone: Zone, { ms = false } = {}): string {
  const parts = split(iso, zone)
  if (!parts) return iso
  return `${parts.date} ${parts.clock}${ms ? `.${parts.ms}` : ''}`
}

/** `11-21`: enough of a date in a list whose rows are near each other. */
export function formatDay(iso: string, zone: Zone): string {
  return split(iso, zone)?.date.slice(5) ?? iso
}

/** `09:14:03`, with `.123` where the milliseconds matter. */
export function formatClock(iso: string, zone: Zone, { ms = false } = {}): string {
  const parts = split(iso, zone)
  if (!parts) return iso
  return `${parts.clock}${ms ? `.${parts.ms}` : ''}`
}

/** `12 sec. ago`, for times within the day. */
export function formatAge(thenMs: number, nowMs: number, locale: string): string {
  const seconds = Math.max(0, Math.round((nowMs - thenMs) / 1000))
  const relative = new Intl.RelativeTimeFormat(locale, { style: 'short', numeric: 'always' })
  if (seconds < 60) return relative.format(-seconds, 'second')
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute')
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), 'hour')
  return relative.format(-Math.floor(seconds / 86_400), 'day')
}

/** What to print beside a time: `UTC`, or the browser's zone as `UTC+2`. */
export function zoneLabel(zone: Zone, at: Date = new Date()): string {
  if (zone === 'utc') return 'UTC'
  const minutes = -at.getTimezoneOffset()
  if (minutes === 0) return 'UTC'
  const sign = minutes < 0 ? '−' : '+'
  const hours = Math.floor(Math.abs(minutes) / 60)
  const rest = Math.abs(minutes) % 60
  return `UTC${sign}${hours}${rest ? `:${String(rest).padStart(2, '0')}` : ''}`
}

/** The names of all zones, as the IANA database has them. */
export function timeZones(): string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')]
}

/** The value of a `datetime-local` input for an instant, to the minute. */
export function toInputValue(iso: string, zone: Zone): string {
  const parts = split(iso, zone)
  return parts ? `${parts.date}T${parts.clock.slice(0, 5)}` : ''
}

/** The instant that a `datetime-local` input means, in RFC 3339; null when it is incomplete. */
export function fromInputValue(value: string, zone: Zone): string | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value)) return null
  const at = new Date(zone === 'utc' ? `${value}Z` : value)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}

function split(iso: string, zone: Zone) {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return null
  const part = (name: Intl.DateTimeFormatPartTypes) =>
    parts.find(({ type }) => type === name)?.value ?? ''
  const parts = format(zone).formatToParts(at)
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    clock: `${part('hour')}:${part('minute')}:${part('second')}`,
    ms: part('fractionalSecond'),
  }
}

function format(zone: Zone): Intl.DateTimeFormat {
  let found = formats.get(zone)
  if (!found) {
    found = new Intl.DateTimeFormat('en-GB', {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      fractionalSecondDigits: 3,
      hourCycle: 'h23',
      ...(zone === 'utc' ? { timeZone: 'UTC' } : {}),
    })
    formats.set(zone, found)
  }
  return found
}
