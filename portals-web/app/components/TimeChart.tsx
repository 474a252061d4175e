import 'uplot/dist/uPlot.min.css'

import { useEffect, useRef } from 'react'
import uPlot from 'uplot'

import { onThemeChange } from '~/stores/theme'

export type ChartColumns = [times: number[], values: (number | null)[]]

export interface TimeChartProps {
  columns: ChartColumns
  /** Seconds that the time axis spans, up to the newest point. */
  spanSeconds: number
  color: 'chart-1' | 'chart-2' | 'chart-3' | 'chart-4'
  /** Top of a fixed scale (100 for a percentage); otherwise the scale grows with the values. */
  max?: number
  /** Whether values below zero can come. */
  signed?: boolean
  height: number
  formatValue: (value: number) => string
  formatTime: (seconds: number) => string
  /** Called with the pointed second, or null when the pointer leaves. */
  onPoint: (index: number | null) => void
  /** What a screen reader says instead of the picture. */
  summary: string
}

/** One moving line over time. Charts on a page share their cursor. */
export function TimeChart(props: TimeChartProps) {
  const { columns, height, summary } = props
  const hostRef = useRef<HTMLDivElement>(null)
  const chartRef = useRef<uPlot | null>(null)
  // The chart is made once; what it calls back must be the newest.
  const propsRef = useRef(props)
  useEffect(() => {
    propsRef.current = props
  })

  useEffect(() => {
    const host = hostRef.current
    if (!host) return undefined
    const latest = () => propsRef.current
    const chart = new uPlot(options(latest, host.clientWidth), latest().columns, host)
    chartRef.current = chart
    const observer = new ResizeObserver(() => {
      if (host.clientWidth > 0) {
        chart.setSize({ width: host.clientWidth, height: latest().height })
      }
    })
    observer.observe(host)
    const unsubscribe = onThemeChange(() => requestAnimationFrame(() => chart.redraw(false)))
    return () => {
      unsubscribe()
      observer.disconnect()
      chart.destroy()
      chartRef.current = null
    }
  }, [])

  useEffect(() => {
    chartRef.current?.setData(columns)
  }, [columns])

  return (
    <div
      ref={hostRef}
      role="img"
      aria-label={summary}
      className="chart w-full"
      style={{ height }}
    />
  )
}

/** A colour of the theme, read when it is painted, so that a change of theme is a repaint. */
function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}

const AXIS_FONT = '11px "Inter Variable", system-ui, sans-serif'

function options(latest: () => TimeChartProps, width: number): uPlot.Options {
  const { color, height } = latest()
  const grid = { stroke: () => token('line'), width: 1 }
  return {
    width,
    height,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'live', setSeries: false },
      drag: { x: false, y: false },
      y: false,
      points: { size: 7, width: 2, stroke: () => token(color), fill: () => token('bg-surface') },
    },
    hooks: {
      setCursor: [(chart) => latest().onPoint(chart.cursor.idx ?? null)],
    },
    scales: {
      x: {
        time: true,
        range: (chart) => {
          const times = chart.data[0]
          const newest = times.at(-1) ?? Date.now() / 1000
          return [newest - latest().spanSeconds, newest]
        },
      },
      y: { range: (_chart, low, high) => valueRange(low, high, latest()) },
    },
    axes: [
      {
        stroke: () => token('text-3'),
        font: AXIS_FONT,
        size: 22,
        gap: 4,
        space: 72,
        incrs: [60, 120, 300],
        grid: { show: false },
        ticks: { show: false },
        values: (_chart, splits) => splits.map((each) => latest().formatTime(each)),
      },
      {
        stroke: () => token('text-3'),
        font: AXIS_FONT,
        size: 44,
        gap: 6,
        space: 28,
        grid,
        ticks: { show: false },
        values: (_chart, splits) => splits.map((each) => latest().formatValue(each)),
      },
    ],
    series: [
      {},
      {
        stroke: () => token(color),
        width: 1.5,
        points: { show: false },
        spanGaps: false,
        fill: (chart) => {
          const { top, height: plotHeight } = chart.bbox
          const gradient = chart.ctx.createLinearGradient(0, top, 0, top + plotHeight)
          const base = token(color)
          gradient.addColorStop(0, `${base}2e`)
          gradient.addColorStop(1, `${base}00`)
          return gradient
        },
      },
    ],
  }
}

/** From zero, because the values are counts and sums; with head room; never of no height. */
function valueRange(
  low: number | null,
  high: number | null,
  { max, signed = false }: TimeChartProps,
): [number, number] {
  if (max !== undefined) return [0, max]
  const top = Math.max(high ?? 0, 0)
  const bottom = signed ? Math.min(low ?? 0, 0) : 0
  if (top === bottom) return [bottom, bottom + 1]
  const room = (top - bottom) * 0.12
  return [bottom < 0 ? bottom - room : 0, top + room]
}
