import { useTranslation } from 'react-i18next'

import type { ReplayLine } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import { sharePercent, total } from '~/util/money-math'

/** Carriers with a colour of their own; the rest share the last one. */
const FILLS = ['bg-chart-1', 'bg-chart-2', 'bg-chart-3', 'bg-chart-4']

/** How the cost of these calls is shared out among the carriers, now and after. */
export function CarrierShares({ lines }: { lines: readonly ReplayLine[] }) {
  const { t } = useTranslation('changeSets')
  const format = useFormat()
  const bars = (['before', 'after'] as const).map((side) => {
    const whole = total(lines.map((line) => line[side].cost))
    const parts = lines.map((line, index) => ({
      name: line.name,
      percent: sharePercent(line[side].cost, whole) ?? 0,
      fill: FILLS[Math.min(index, FILLS.length - 1)] ?? '',
    }))
    return { side, parts }
  })
  return (
    <section aria-label={t('replay.shares')} className="min-w-0">
      <h3 className="pb-2 font-medium">{t('replay.shares')}</h3>
      <div className="flex flex-col gap-3">
        {bars.map(({ side, parts }) => (
          <div key={side}>
            <p className="pb-1 text-meta text-ink-2">{t(`replay.${side}`)}</p>
            <div aria-hidden className="flex h-3 gap-px overflow-hidden rounded-badge bg-subtle">
              {parts.map(({ name, percent, fill }) => (
                <span key={name} className={fill} style={{ width: `${percent}%` }} />
              ))}
            </div>
            <ul className="flex flex-wrap gap-x-4 gap-y-0.5 pt-1 text-meta text-ink-2">
              {parts.map(({ name, percent, fill }) => (
                <li key={name} className="flex items-center gap-1.5 tabular-nums">
                  <span aria-hidden className={`size-2 rounded-badge ${fill}`} />
                  {t('replay.share', { name, percent: format.percent(percent) })}
                </li>
              ))}
            </ul>
          </div>
        ))}
      </div>
    </section>
  )
}
