/**
 * A number in international form: `447700900123` → `+447700900123`. What is not a plain E.164
 * number (a short code, a name, `anonymous`, a national form) is shown as it is.
 */
export function formatE164(number: string): string {
  return /^[1-9]\d{6,14}$/.test(number) ? `+${number}` : number
}

/** What a person types or pastes as a number → what the switch compares: digits, no `+`, no spaces. */
export function toDialString(text: string): string {
  return text.replaceAll(/[\s().\-–]/g, '').replace(/^\+/, '')
}
