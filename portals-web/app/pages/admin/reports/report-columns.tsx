import { useTranslation } from 'react-i18next'

import type { ReportLine, TrafficReport } from '~/api/reports'
import { useFormat } from '~/hooks/use-format'
import type { Column } from '~/table/DataTable'
import { MoneyCell } from '~/table/cells/MoneyCell'
import { formatDuration } from '~/util/duration'
import { NO_VALUE } from '~/util/money'
import type { ReportGroup } from '~/util/report-days'

import { minutes } from './ReportFigures'

/** The columns of a report, of calls or of attempts. */
export function useReportColumns(
  group: ReportGroup,
  report: TrafficReport | undefined,
): Column<ReportLine>[] {
  const { t } = useTranslation('reports')
  const format = useFormat()
  const of = report?.of ?? 'calls'
  const currency = report?.currency ?? ''
  const money = (amount: string | null, signed = false) =>
    amount === null ? NO_VALUE : <MoneyCell amount={amount} currency={currency} signed={signed} />
  const number = (
    id: 'answered' | 'asr' | 'ner' | 'acd' | 'pdd' | 'minutes' | 'charge' | 'cost' | 'margin',
    cell: Column<ReportLine>['cell'],
    rest: Partial<Column<ReportLine>> = {},
  ): Column<ReportLine> => ({
    id,
    header: ['charge', 'cost', 'margin'].includes(id)
      ? `${t(`figure.${id}`)} ${currency}`
      : t(`figure.${id}`),
    align: 'end',
    width: 104,
    cell,
    ...rest,
  })
  const charge = t(of === 'calls' ? 'help.charge' : 'help.chargeOfAttempts')
  return [
    {
      id: 'name',
      header: t(`by.${group}`),
      minWidth: 180,
      cell: (line) => <LineName line={line} group={group} of={of} />,
    },
    {
      id: 'seizures',
      header: t(`figure.seizures.${of}`),
      align: 'end',
      width: 104,
      cell: ({ seizures, previous }) => (
        <span
          title={previous ? t('before', { value: format.count(previous.seizures) }) : undefined}
        >
          {format.count(seizures)}
        </span>
      ),
    },
    number('answered', ({ answered }) => format.count(answered), { optional: true }),
    number('asr', ({ asr_percent }) => format.percent(asr_percent), {
      help: t('help.asr'),
      width: 80,
    }),
    number('ner', ({ ner_percent }) => format.percent(ner_percent), {
      help: t('help.ner'),
      width: 80,
      optional: true,
    }),
    number('acd', ({ acd_ms }) => formatDuration(acd_ms), { help: t('help.acd'), width: 88 }),
    number('pdd', ({ pdd_ms }) => format.ms(pdd_ms), { help: t('help.pdd'), width: 96 }),
    number('minutes', (line) => minutes(line, format), { help: t('help.minutes') }),
    number('charge', (line) => money(line.charge), { help: charge, width: 120 }),
    number('cost', (line) => money(line.cost), { help: t('help.cost'), width: 120 }),
    number('margin', (line) => money(line.margin, true), { width: 120 }),
  ]
}

interface LineNameProps {
  line: ReportLine
  group: ReportGroup
  of: TrafficReport['of']
}

function LineName({ line, group, of }: LineNameProps) {
  const { t } = useTranslation('reports')
  const format = useFormat()
  if (line.start !== null) {
    const at = format.dateTime(line.start).slice(0, group === 'hour' ? 16 : 10)
    return <span className="font-medium tabular-nums">{at}</span>
  }
  if (line.name !== null) return <span className="font-medium">{line.name}</span>
  const nothing = group === 'destination' ? 'destination' : of
  return <span className="text-ink-3">{t(`unknown.${nothing}`)}</span>
}
