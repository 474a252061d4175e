/**
 * A number above or at zero as somebody writes it, as the API wants it: digits and a point. Null
 * for what is none, and for what could be read in two ways: money is never guessed at.
 *
 * A language whose mark is the comma takes both marks, except a point before three digits, which
 * may stand between thousands there: `1.250`.
 */
export function readDecimal(typed: string, locale: string): string | null {
  const text = typed.trim()
  const [, whole = '', mark = '', fraction = ''] = /^(\d+)(?:([.,])(\d+))?$/.exec(text) ?? []
  if (whole === '') return null
  if (mark === '') return whole
  const own = decimalMark(locale)
  if (mark === own) return `${whole}.${fraction}`
  const isThousands = mark === ',' || fraction.length === 3
  return isThousands ? null : `${whole}.${fraction}`
}

function decimalMark(locale: string): string {
  const parts = new Intl.NumberFormat(locale).formatToParts(0.5)
  return parts.find(({ type }) => type === 'decimal')?.value ?? '.'
}
