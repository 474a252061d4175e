/** Months that are offered. */
const MONTHS = 13

/** This month (UTC) and those before it, the newest first, such as `2026-10`. */
export function recentMonths(now: Date): string[] {
  return Array.from({ length: MONTHS }, (_, back) => {
    const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1))
    return first.toISOString().slice(0, 7)
  })
}
