import { Download } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { LivePoint } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import { Button } from '~/ui/lib/Button'
import { Dialog } from '~/ui/lib/Dialog'
import { toCsv } from '~/util/csv'

import type { Tile } from './tiles'

export interface PointsDialogProps {
  tile: Tile
  title: string
  data: readonly LivePoint[]
  onClose: () => void
}

/** What a chart shows, as numbers; newest first. The rows are those of the moment it was opened. */
export function PointsDialog({ tile, title, data, onClose }: PointsDialogProps) {
  const { t } = useTranslation(['live', 'common'])
  const format = useFormat()
  const rows = data.toReversed()
  const download = () => {
    const csv = toCsv([
      ['time_utc', tile.id],
      ...data.map((point) => [point.at, rawValue(tile, point)]),
    ])
    saveFile(csv, `didtron-${tile.id}.csv`)
  }
  return (
    <Dialog
      title={t('chart.tableTitle', { title })}
      closeLabel={t('common:close')}
      width="narrow"
      onClose={onClose}
    >
      {/* A region that scrolls must be reachable by keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div role="region" aria-label={title} tabIndex={0} className="min-h-0 overflow-y-auto">
        <table className="w-full border-separate border-spacing-0">
          <thead>
            <tr className="text-meta text-ink-2">
              <th
                scope="col"
                className="sticky top-0 h-8 border-b border-line bg-subtle ps-4 text-start font-medium"
              >
                {`${t('chart.time')} ${format.zoneName}`}
              </th>
              <th
                scope="col"
                className="sticky top-0 h-8 border-b border-line bg-subtle pe-4 text-end font-medium"
              >
                {t('chart.value')}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((point) => (
              <tr key={point.at}>
                <td className="h-7 border-b border-line ps-4">{format.dateTime(point.at)}</td>
                <td className="h-7 border-b border-line pe-4 text-end">
                  {tile.textOf(point, format)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <footer className="flex justify-end border-t border-line p-3">
        <Button onClick={download}>
          <Download aria-hidden size={16} strokeWidth={1.75} />
          {t('chart.csv')}
        </Button>
      </footer>
    </Dialog>
  )
}

function rawValue(tile: Tile, point: LivePoint): string {
  if (tile.id === 'margin') return point.margin
  return String(tile.valueOf(point) ?? '')
}

function saveFile(content: string, name: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
