import type { Zone } from './time'

/** How many days a report covers, up to today. */
export const REPORT_DAYS = ['1', '2', '7', '31', '90', '366'] as const
export type ReportDays = (typeof REPORT_DAYS)[number]
export const DEFAULT_DAYS: ReportDays = '7'

export const REPORT_GROUPS = [
  'hour',
  'day',
  'week',
  'month',
  'customer',
  'carrier',
  'destination',
  'ingress_trunk',
  'egress_trunk',
] as const
/** What a report has a line for. */
export type ReportGroup = (typeof REPORT_GROUPS)[number]

const DAY_MS = 86_400_000
/** More hours than this are no picture. */
const HOUR_DAYS_MAX = 7
/** A report by the hour has no more days. */
const HOURS_ASKED_MAX = 31
const DAY_DAYS_MAX = 92

/** The name of the zone that the API reckons in. */
export function zoneName(zone: Zone): string {
  return zone === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** The first and last day of a report in a zone: `2026-03-01`. */
export function reportDays(
  days: number,
  zone: string,
  nowMs: number,
): { from: string; to: string } {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  })
  const to = format.format(nowMs)
  // Days of the calendar, whose clocks are not changed.
  const first = Date.parse(`${to}T00:00:00Z`) - (days - 1) * DAY_MS
  return { from: new Date(first).toISOString().slice(0, 10), to }
}

/** What the bars of the chart are: what is asked for, when that is time; else what makes a picture. */
export function chartGroup(group: ReportGroup, days: number): 'hour' | 'day' | 'week' | 'month' {
  if (group === 'hour' || group === 'day' || group === 'week' || group === 'month') return group
  if (days <= HOUR_DAYS_MAX) return 'hour'
  return days <= DAY_DAYS_MAX ? 'day' : 'week'
}

/** Hours of so many days are not asked for: the report by the day takes their place. */
export function groupAsked(group: ReportGroup, days: number): ReportGroup {
  return group === 'hour' && days > HOURS_ASKED_MAX ? 'day' : group
}
