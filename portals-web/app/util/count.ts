import { NO_VALUE } from './money'

/** `12431` → `12,431`; rates such as CPS take one decimal. */
export function formatCount(
  value: number | null | undefined,
  locale: string,
  decimals = 0,
): string {
  if (value == null || !Number.isFinite(value)) return NO_VALUE
  return new Intl.NumberFormat(locale, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(value)
}

/** Bytes in powers of 1000, as `12.4 MB`. */
export function formatBytes(bytes: number, locale: string): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: unit === 0 ? 0 : 1 })
  return `${number.format(value)} ${units[unit] ?? ''}`
}
