/** Words that are written in capitals. */
const ACRONYMS = new Set(
  'acd api asr cdr cps dtmf id ip lcr pdd pop rtp sip tcp tls udp url utc'.split(' '),
)

/** Ends of a name that say the unit, which stands beside the control. */
const UNITS = /_(s|ms|percent)$/

/** `initial_interval_s` → `Initial interval`; `limits.cps` → `Limits · CPS`. */
export function fieldLabel(path: string): string {
  const parts = path.split('.').map((part) =>
    part
      .replace(/\[\d+\]$/, '')
      .replace(UNITS, '')
      .split('_')
      .map((word) => (ACRONYMS.has(word) ? word.toUpperCase() : word))
      .join(' '),
  )
  const label = parts.join(' · ')
  return label.charAt(0).toUpperCase() + label.slice(1)
}

/** `[1]` at the end of a path, counted from 1. */
export function itemNumber(path: string): number | null {
  const found = /\[(\d+)\]/.exec(path)
  return found ? Number(found[1]) + 1 : null
}

/** A value of a choice in words: `price_band` → `Price band`; `SHA-256` stays. */
export function wordLabel(value: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(value)) return value
  return fieldLabel(value)
}

/** A sentence of the documentation without its marks of code. */
export function plainText(sentence: string | undefined): string | undefined {
  return sentence?.replaceAll('`', '')
}
