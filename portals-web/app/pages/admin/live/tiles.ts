import type { TFunction } from 'i18next'

import type { LivePoint } from '~/api/__generated__/schema'
import type { useFormat } from '~/hooks/use-format'

type Format = ReturnType<typeof useFormat>

export interface Tile {
  id: 'calls' | 'cps' | 'asr' | 'margin'
  color: 'chart-1' | 'chart-2' | 'chart-3' | 'chart-4'
  /** Position on the chart. For money a float is near enough to a pixel; texts use the string. */
  valueOf: (point: LivePoint) => number | null
  /** The value is drawn as the mean of so many seconds. */
  meanSeconds?: number
  /** The value of one second in full, for the table. */
  textOf: (point: LivePoint, format: Format) => string
  /** The drawn value in full, for the stat, where it differs from that of the second. */
  statOf?: (value: number | null, format: Format) => string
  axis: (value: number, format: Format) => string
  max?: number
  signed?: boolean
  /** One line below the stat, of all points, oldest first. */
  detail: (points: readonly LivePoint[], t: TFunction<'live'>, format: Format) => string
}

/** New calls come in bursts: second by second they would draw a comb. */
const CPS_MEAN_SECONDS = 10

export const TILES: readonly Tile[] = [
  {
    id: 'calls',
    color: 'chart-1',
    valueOf: ({ calls_now }) => calls_now,
    textOf: ({ calls_now }, format) => format.count(calls_now),
    axis: (value, format) => format.count(value),
    detail: (points, t, format) =>
      t('detail.peak', { value: format.count(peak(points, ({ calls_now }) => calls_now)) }),
  },
  {
    id: 'cps',
    color: 'chart-2',
    valueOf: ({ cps }) => cps,
    meanSeconds: CPS_MEAN_SECONDS,
    textOf: ({ cps }, format) => format.count(cps),
    statOf: (value, format) => format.count(value, 1),
    axis: (value, format) => format.count(value, Number.isInteger(value) ? 0 : 1),
    detail: (points, t, format) =>
      [
        t('detail.mean', { seconds: CPS_MEAN_SECONDS }),
        t('detail.peakSecond', { value: format.count(peak(points, ({ cps }) => cps)) }),
      ].join(SEPARATOR),
  },
  {
    id: 'asr',
    color: 'chart-4',
    valueOf: ({ asr_percent }) => asr_percent,
    textOf: ({ asr_percent }, format) => format.percent(asr_percent),
    axis: (value, format) => format.percent(value, 0),
    max: 100,
    detail: (points, t, format) => {
      const minute = points.slice(-60)
      const answered = minute.reduce((total, point) => total + point.answered, 0)
      const failed = minute.reduce((total, point) => total + point.failed, 0)
      if (answered + failed === 0) return t('detail.noSeizures')
      return [
        t('detail.last60'),
        t('detail.answered', {
          answered: format.count(answered),
          ended: format.count(answered + failed),
        }),
      ].join(SEPARATOR)
    },
  },
  {
    id: 'margin',
    color: 'chart-3',
    valueOf: ({ margin }) => Number(margin),
    textOf: ({ margin, currency }, format) => format.money(margin, currency),
    axis: (value, format) => format.count(value, Math.abs(value) < 10 ? 2 : 0),
    signed: true,
    detail: (points, t, format) => {
      const latest = points.at(-1)
      if (!latest) return ''
      return [
        t('detail.last60'),
        t('detail.revenue', { value: format.amount(latest.revenue, latest.currency, 'sum') }),
        t('detail.cost', { value: format.amount(latest.cost, latest.currency, 'sum') }),
      ].join(SEPARATOR)
    },
  },
]

const SEPARATOR = ' · '

function peak(points: readonly LivePoint[], valueOf: (point: LivePoint) => number): number | null {
  return points.reduce<number | null>((top, point) => Math.max(top ?? 0, valueOf(point)), null)
}
