import { NO_VALUE } from './money'

/** `61.42` → `61.4%`. Null, as with an ASR of no calls, is a dash and never `0%`. */
export function formatPercent(
  percent: number | null | undefined,
  locale: string,
  decimals = 1,
): string {
  if (percent == null || !Number.isFinite(percent)) return NO_VALUE
  return new Intl.NumberFormat(locale, {
    style: 'percent',
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(percent / 100)
}

/**
 * How much of a whole is done, in percent from 0 to 100. Null when nobody knows how much there is;
 * of nothing everything is done.
 */
export function partOf(done: number, total: number | null): number | null {
  if (total === null) return null
  if (total <= 0) return 100
  return Math.min(100, Math.max(0, Math.floor((done * 100) / total)))
}
