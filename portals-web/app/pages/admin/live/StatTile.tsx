import { Table2 } from 'lucide-react'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { LivePoint } from '~/api/__generated__/schema'
import { LIVE_SPAN_SECONDS } from '~/api/live-feed'
import { type ChartColumns, TimeChart } from '~/components/TimeChart'
import { useFormat } from '~/hooks/use-format'
import { IconButton } from '~/ui/lib/IconButton'
import { ChartBuffer, trailingMean } from '~/util/chart-buffer'
import { NO_VALUE } from '~/util/money'

import { PointsDialog } from './PointsDialog'
import type { Tile } from './tiles'

export interface StatTileProps {
  tile: Tile
  data: readonly LivePoint[]
  /** The point under the cursor of any of the charts. */
  pointed: number | null
  onPoint: (index: number | null) => void
}

const CHART_HEIGHT = 132

/** A number, what it means, and how it moved. Pointing at the chart shows the number of that second. */
export function StatTile({ tile, data, pointed, onPoint }: StatTileProps) {
  const { t } = useTranslation('live')
  const format = useFormat()
  const [asTable, setAsTable] = useState(false)
  const columns = useColumns(data, tile)
  const title = t(`tiles.${tile.id}`)
  const latest = data.at(-1)
  const pointedPoint = pointAt(data, columns[0], pointed)
  const shown = pointedPoint ?? latest
  const shownValue = columns[1].at(pointedPoint && pointed !== null ? pointed : -1) ?? null
  const tableTitle = t('chart.table', { title })

  return (
    <article aria-label={title} className="flex min-w-0 flex-col bg-surface pt-3">
      <div className="flex items-start justify-between ps-5 pe-2">
        <div className="min-w-0">
          <h2 className="text-meta font-medium text-ink-2" title={longTitle(tile.id, t)}>
            {title}
          </h2>
          <p
            data-testid={`stat-${tile.id}`}
            className="text-stat font-semibold tracking-[-0.02em] tabular-nums"
          >
            {shown ? statText(tile, shown, shownValue, format) : NO_VALUE}
          </p>
        </div>
        <IconButton
          icon={Table2}
          label={tableTitle}
          size="small"
          onClick={() => setAsTable(true)}
        />
      </div>
      <p className="h-4 truncate px-5 text-meta text-ink-3 tabular-nums">
        {pointedPoint
          ? `${format.clock(pointedPoint.at)} ${format.zoneName}`
          : tile.detail(data, t, format)}
      </p>
      <div className="mt-2 ps-2 pe-4">
        {latest ? (
          <TimeChart
            columns={columns}
            spanSeconds={LIVE_SPAN_SECONDS}
            color={tile.color}
            {...(tile.max === undefined ? {} : { max: tile.max })}
            signed={tile.signed ?? false}
            height={CHART_HEIGHT}
            formatValue={(value) => tile.axis(value, format)}
            formatTime={(at) => format.clock(new Date(at * 1000).toISOString()).slice(0, 5)}
            onPoint={onPoint}
            summary={summarise(title, data, tile, t, format)}
          />
        ) : (
          <p
            className="flex items-center justify-center text-meta text-ink-3"
            style={{ height: CHART_HEIGHT }}
          >
            {t('chart.waiting')}
          </p>
        )}
      </div>
      {asTable ? (
        <PointsDialog tile={tile} title={title} data={data} onClose={() => setAsTable(false)} />
      ) : null}
    </article>
  )
}

function useColumns(data: readonly LivePoint[], tile: Tile) {
  return useMemo(() => {
    const buffer = new ChartBuffer<LivePoint>(LIVE_SPAN_SECONDS, secondOf)
    buffer.insert(data)
    const [times, values] = buffer.columns(tile.valueOf)
    const drawn = tile.meanSeconds ? trailingMean(values, tile.meanSeconds) : values
    return [times, drawn] satisfies ChartColumns
  }, [data, tile])
}

const secondOf = ({ at }: LivePoint) => Date.parse(at) / 1000

function pointAt(data: readonly LivePoint[], times: readonly number[], index: number | null) {
  const time = index === null ? undefined : times[index]
  if (time === undefined) return undefined
  return data.find((point) => Math.round(secondOf(point)) === time)
}

function statText(
  tile: Tile,
  point: LivePoint,
  drawn: number | null,
  format: ReturnType<typeof useFormat>,
): string {
  return tile.statOf ? tile.statOf(drawn, format) : tile.textOf(point, format)
}

function longTitle(id: Tile['id'], t: ReturnType<typeof useTranslation<'live'>>['t']) {
  if (id === 'asr') return t('tiles.asrLong')
  if (id === 'margin') return t('tiles.marginLong')
  return undefined
}

function summarise(
  title: string,
  data: readonly LivePoint[],
  tile: Tile,
  t: ReturnType<typeof useTranslation<'live'>>['t'],
  format: ReturnType<typeof useFormat>,
): string {
  const valued = data.filter((point) => tile.valueOf(point) !== null)
  const sorted = valued.toSorted((a, b) => Number(tile.valueOf(a)) - Number(tile.valueOf(b)))
  const [low, high, now] = [sorted[0], sorted.at(-1), data.at(-1)]
  if (!low || !high || !now) return `${title}. ${t('chart.noValues')}`
  return t('chart.summary', {
    title,
    now: tile.textOf(now, format),
    low: tile.textOf(low, format),
    high: tile.textOf(high, format),
  })
}
