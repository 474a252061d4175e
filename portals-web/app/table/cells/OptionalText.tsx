import { NO_VALUE } from '~/util/money'

/** A text, or a dash where there is none. The whole text is in the tooltip when it is cut. */
export function OptionalText({ value }: { value: string | null | undefined }) {
  if (!value) return <span className="text-ink-3">{NO_VALUE}</span>
  return <span title={value}>{value}</span>
}
