import { useFormat } from '~/hooks/use-format'

export interface TimeCellProps {
  at: string
  /** How much of the date is shown: none where it can only be today, no year in a list of calls. */
  show?: 'full' | 'day' | 'clock'
}

/** A time to the second; the whole of it, with its zone, in the tooltip. */
export function TimeCell({ at, show = 'full' }: TimeCellProps) {
  const format = useFormat()
  const date = { full: format.dateTime(at).slice(0, 10), day: format.day(at), clock: null }[show]
  return (
    <time dateTime={at} title={`${format.dateTime(at, { ms: true })} ${format.zoneName}`}>
      {date ? <span className="me-1.5 text-ink-3">{date}</span> : null}
      {format.clock(at)}
    </time>
  )
}
