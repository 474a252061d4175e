import { clsx } from 'clsx'

export interface Bar {
  key: string
  /** The whole bar. */
  value: number
  /** The part of it that stands out. */
  part: number
  /** A mark for what it is compared with. */
  mark: number | null
  /** What is said when it is pointed at. */
  title: string
}

export interface BarChartProps {
  bars: readonly Bar[]
  /** What a screen reader says instead of the picture; the numbers are in a table below. */
  summary: string
  /** What stands below the first and the last bar. */
  ends: readonly [string, string]
  formatValue: (value: number) => string
}

/** Bars over time, each with a part that stands out. */
export function BarChart({ bars, summary, ends, formatValue }: BarChartProps) {
  const top = Math.max(1, ...bars.flatMap(({ value, mark }) => [value, mark ?? 0]))
  const height = (value: number) => `${(value / top) * 100}%`
  return (
    <div role="img" aria-label={summary} className="flex flex-col gap-1">
      <div className="flex gap-3">
        <div className="relative h-40 grow border-b border-line-strong">
          <span className="absolute inset-x-0 top-0 border-t border-dashed border-line" />
          <span className="absolute inset-x-0 top-1/2 border-t border-dashed border-line" />
          <div className={clsx('absolute inset-0 flex items-end', bars.length <= 100 && 'gap-px')}>
            {bars.map(({ key, value, part, mark, title }) => (
              <div
                key={key}
                title={title}
                className="relative flex h-full min-w-0 grow basis-0 items-end justify-center hover:bg-hover"
              >
                <div
                  className="relative w-full max-w-12 rounded-t-[2px] bg-line-strong"
                  style={{ height: height(value) }}
                >
                  <div
                    className="absolute inset-x-0 bottom-0 rounded-t-[2px] bg-chart-1"
                    style={{ height: value > 0 ? `${(part / value) * 100}%` : 0 }}
                  />
                </div>
                {mark === null ? null : (
                  <span
                    className="absolute inset-x-0 mx-auto h-0.5 max-w-12 bg-chart-3"
                    style={{ bottom: height(mark) }}
                  />
                )}
              </div>
            ))}
          </div>
        </div>
        <div className="flex h-40 w-14 shrink-0 flex-col justify-between text-meta text-ink-3 tabular-nums">
          <span>{formatValue(top)}</span>
          <span>{formatValue(top / 2)}</span>
          <span>0</span>
        </div>
      </div>
      <div className="flex justify-between pe-17 text-meta text-ink-3 tabular-nums">
        <span>{ends[0]}</span>
        <span>{ends[1]}</span>
      </div>
    </div>
  )
}
