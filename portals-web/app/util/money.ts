/**
 * Money arrives as a decimal string with up to nine decimals and is never turned into a float:
 * `Intl.NumberFormat` formats decimal strings exactly.
 */

/** How many decimals a kind of amount is shown with. */
export type MoneyStyle =
  /** A sum of money: the currency's own minor units. */
  | 'sum'
  /** What one call or one minute costs: 4 to 6 decimals, trailing zeros kept up to 4. */
  | 'fine'

const DECIMAL = /^-?\d+(\.\d+)?$/

/** What stands where a number is not known. Never zero: no data is not nothing. */
export const NO_VALUE = '–'

const formats = new Map<string, Intl.NumberFormat>()

function format(locale: string, currency: string, style: MoneyStyle, withCurrency: boolean) {
  const key = `${locale} ${currency} ${style} ${withCurrency}`
  let found = formats.get(key)
  if (!found) {
    const minor = new Intl.NumberFormat(locale, { style: 'currency', currency }).resolvedOptions()
    const minorDigits = minor.maximumFractionDigits ?? 2
    found = new Intl.NumberFormat(locale, {
      ...(withCurrency ? { style: 'currency', currency, currencyDisplay: 'code' } : {}),
      minimumFractionDigits: style === 'sum' ? minorDigits : 4,
      maximumFractionDigits: style === 'sum' ? minorDigits : 6,
    })
    formats.set(key, found)
  }
  return found
}

/** `-12.5` → `−USD 12.50` (`sum`) or `−12.5000` (`fine`, without the currency). */
export function formatMoney(
  amount: string | null | undefined,
  currency: string,
  locale: string,
  { style = 'sum', withCurrency = true }: { style?: MoneyStyle; withCurrency?: boolean } = {},
): string {
  if (amount == null || !isDecimal(amount)) return NO_VALUE
  return trueMinus(format(locale, currency, style, withCurrency).format(amount))
}

/** Whether the amount is below zero; `-0.00` is not. */
export function isNegative(amount: string): boolean {
  return amount.startsWith('-') && /[1-9]/.test(amount)
}

/** Whether the amount is exactly zero. */
export function isZero(amount: string): boolean {
  return isDecimal(amount) && !/[1-9]/.test(amount)
}

/** The hyphen of ASCII is too short beside tabular figures. */
export function trueMinus(text: string): string {
  return text.replace('-', '−')
}

function isDecimal(text: string): text is `${number}` {
  return DECIMAL.test(text)
}
