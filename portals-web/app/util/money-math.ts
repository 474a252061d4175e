/** Sums of money are decimal strings of up to nine decimals: they are reckoned with as whole nano-units. */

const NANO_DIGITS = 9

/** `1.50` less `0.25`, exactly. */
export function subtract(a: string, b: string): string {
  return toText(toNano(a) - toNano(b))
}

/** How much of a whole a part is, in per cent to two decimals; null when there is no whole. */
export function sharePercent(part: string, whole: string): number | null {
  const total = toNano(whole)
  return total === 0n ? null : Number((toNano(part) * 10_000n) / total) / 100
}

/** The sum of many. */
export function total(amounts: readonly string[]): string {
  return toText(amounts.reduce((sum, each) => sum + toNano(each), 0n))
}

function toNano(amount: string): bigint {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(amount) ?? []
  const digits = fraction.padEnd(NANO_DIGITS, '0').slice(0, NANO_DIGITS)
  const nano = BigInt(whole + digits)
  return sign ? -nano : nano
}

function toText(nano: bigint): string {
  const digits = (nano < 0n ? -nano : nano).toString().padStart(NANO_DIGITS + 1, '0')
  const whole = digits.slice(0, -NANO_DIGITS)
  const fraction = digits.slice(-NANO_DIGITS).replace(/0+$/, '')
  const text = fraction ? `${whole}.${fraction}` : whole
  return nano < 0n ? `-${text}` : text
}
