import { useQuery } from '@tanstack/react-query'
import { clsx } from 'clsx'
import { useTranslation } from 'react-i18next'

import { CHART_SIZE, type ReportLine, type ReportQuestion, reportQuery } from '~/api/reports'
import { type Bar, BarChart } from '~/components/BarChart'
import { useFormat } from '~/hooks/use-format'
import { Skeleton } from '~/ui/lib/Skeleton'

type ChartGroup = 'hour' | 'day' | 'week' | 'month'

interface ReportChartProps {
  question: ReportQuestion & { group_by: ChartGroup }
}

/** How many there were over time, and how many of them were answered. */
export function ReportChart({ question }: ReportChartProps) {
  const { t } = useTranslation('reports')
  const format = useFormat()
  const { data } = useQuery(reportQuery(question, CHART_SIZE))
  if (!data) return <Skeleton className="m-5 h-40" />
  const group = question.group_by
  const at = ({ start }: ReportLine) =>
    start === null ? '' : format.dateTime(start).slice(0, group === 'hour' ? 16 : 10)
  const bars = data.items.map((line): Bar => ({
    key: line.start ?? '',
    value: line.seizures,
    part: line.answered,
    mark: line.previous ? line.previous.seizures : null,
    title: [
      at(line),
      format.count(line.seizures),
      `${t('figure.asr')} ${format.percent(line.asr_percent)}`,
      ...(line.previous ? [t('before', { value: format.count(line.previous.seizures) })] : []),
    ].join(' · '),
  }))
  const most = data.items.reduce<ReportLine | undefined>(
    (best, line) => (best && best.seizures >= line.seizures ? best : line),
    undefined,
  )
  const [first, last] = [data.items.at(0), data.items.at(-1)]
  return (
    <figure className="flex flex-col gap-2 border-b border-line bg-surface px-5 py-3">
      <figcaption className="flex flex-wrap items-center gap-x-4 gap-y-1 text-meta text-ink-2">
        <span className="font-medium">
          {t(`figure.seizures.${data.of}`)} {t(`chart.${group}`)}
        </span>
        <Key color="bg-chart-1" name={t('chart.answered')} />
        <Key color="bg-line-strong" name={t('chart.others')} />
        {question.compare ? <Key color="bg-chart-3" name={t('chart.before')} /> : null}
        <span className="ms-auto text-ink-3">{t(`of.${data.of}`)}</span>
      </figcaption>
      <BarChart
        bars={bars}
        ends={[first ? at(first) : '', last ? at(last) : '']}
        formatValue={(value) => format.count(value, value % 1 ? 1 : 0)}
        summary={t('chart.summary', {
          title: t(`figure.seizures.${data.of}`),
          total: format.count(data.totals.seizures),
          answered: format.count(data.totals.answered),
          at: most ? at(most) : '',
          most: format.count(most?.seizures),
        })}
      />
    </figure>
  )
}

function Key({ color, name }: { color: string; name: string }) {
  return (
    <span className="flex items-center gap-1.5">
      <span aria-hidden className={clsx('size-2 rounded-[2px]', color)} />
      {name}
    </span>
  )
}
