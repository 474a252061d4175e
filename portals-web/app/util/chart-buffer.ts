/**
 * The last minutes of a signal that gives one point each second, as a chart wants them.
 *
 * Points come in batches (history after a connection) and one by one (the stream); batches may
 * overlap what is there. A second is kept once, the newest word wins. Where seconds are missing, the
 * columns hold a null, so that a chart draws a gap and not a line over it.
 */
export class ChartBuffer<Point> {
  #points: { at: number; point: Point }[] = []
  readonly #atOf: (point: Point) => number
  readonly #spanSeconds: number

  /** `atOf` gives a point's time in seconds since the epoch. */
  constructor(spanSeconds: number, atOf: (point: Point) => number) {
    this.#spanSeconds = spanSeconds
    this.#atOf = atOf
  }

  /** Time of the newest point, in whole seconds; null when there is none. */
  get latestAt(): number | null {
    return this.#points.at(-1)?.at ?? null
  }

  /** The points, oldest first. */
  get points(): readonly Point[] {
    return this.#points.map(({ point }) => point)
  }

  insert(points: readonly Point[]): void {
    if (points.length === 0) return
    const bySecond = new Map(this.#points.map((entry) => [entry.at, entry]))
    for (const point of points) {
      const at = Math.round(this.#atOf(point))
      if (Number.isFinite(at)) bySecond.set(at, { at, point })
    }
    const sorted = [...bySecond.values()].toSorted((a, b) => a.at - b.at)
    const newest = sorted.at(-1)?.at ?? 0
    this.#points = sorted.filter(({ at }) => at > newest - this.#spanSeconds)
  }

  /** Times and values side by side, with a null in each gap of more than `GAP_SECONDS`. */
  columns(valueOf: (point: Point) => number | null): [times: number[], values: (number | null)[]] {
    const times: number[] = []
    const values: (number | null)[] = []
    let previous: number | null = null
    for (const { at, point } of this.#points) {
      if (previous !== null && at - previous > GAP_SECONDS) {
        times.push(previous + 1)
        values.push(null)
      }
      times.push(at)
      values.push(valueOf(point))
      previous = at
    }
    return [times, values]
  }
}

/**
 * Each value as the mean of itself and those before it, up to `window`. A null starts anew; fewer
 * than half a window's values have no mean, because one of them would be all of it.
 */
export function trailingMean(
  values: readonly (number | null)[],
  window: number,
): (number | null)[] {
  let run: number[] = []
  return values.map((value) => {
    run = value === null ? [] : [...run.slice(Math.max(0, run.length - window + 1)), value]
    if (run.length * 2 < window) return null
    return run.reduce((sum, each) => sum + each, 0) / run.length
  })
}

/** One late or lost sample is not worth a hole in the line. */
const GAP_SECONDS = 3
