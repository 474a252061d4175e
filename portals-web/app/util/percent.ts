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
