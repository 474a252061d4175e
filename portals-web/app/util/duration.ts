import { NO_VALUE } from './money'

/** Talk time in whole seconds, rounded down: `0:01:05`, `27:46:39`. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms == null || !Number.isFinite(ms) || ms < 0) return NO_VALUE
  const total = Math.floor(ms / 1000)
  const hours = Math.floor(total / 3600)
  const minutes = Math.floor((total % 3600) / 60)
  return `${hours}:${twoDigits(minutes)}:${twoDigits(total % 60)}`
}

/** A delay: `842 ms`. */
export function formatMilliseconds(ms: number | null | undefined, locale: string): string {
  if (ms == null || !Number.isFinite(ms)) return NO_VALUE
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: 'millisecond',
    maximumFractionDigits: 0,
  }).format(ms)
}

/** How long something has been up, in its two largest units: `3 d 4 h`, `12 min 5 s`. */
export function formatUptime(seconds: number, locale: string): string {
  const parts: [number, 'day' | 'hour' | 'minute' | 'second'][] = [
    [Math.floor(seconds / 86_400), 'day'],
    [Math.floor((seconds % 86_400) / 3600), 'hour'],
    [Math.floor((seconds % 3600) / 60), 'minute'],
    [Math.floor(seconds % 60), 'second'],
  ]
  const first = parts.findIndex(([value]) => value > 0)
  const shown = first === -1 ? parts.slice(-1) : parts.slice(first, first + 2)
  return shown
    .map(([value, unit]) =>
      new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(value),
    )
    .join(' ')
}

/** Length of a rating interval pair as the trade writes it: `60/60`, `1/1`, `30/6`. */
export function formatIncrements(initial: number, next: number): string {
  return `${initial}/${next}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
