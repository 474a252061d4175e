import { clsx } from 'clsx'
import { useTranslation } from 'react-i18next'

import type { ExplainRoute, RouteStatus } from '~/api/__generated__/schema'
import { NumbersSent } from '~/components/NumbersSent'
import { useFormat } from '~/hooks/use-format'
import { explain } from '~/i18n/en/explain'
import { Badge, type Tone } from '~/ui/lib/Badge'
import { type PlainColumn, PlainTable } from '~/ui/lib/PlainTable'
import { isNegative, NO_VALUE } from '~/util/money'

const TONES: Record<RouteStatus, Tone> = {
  chosen: 'success',
  available: 'primary',
  lost: 'neutral',
}

type KnownLoss = keyof typeof explain.loss

/** Every route that was looked at: in hunting order first, then the others with why they lost. */
export function RouteList({ routes }: { routes: readonly ExplainRoute[] }) {
  const { t } = useTranslation('explain')
  const columns = useColumns()
  if (routes.length === 0) return <p className="p-4 text-ink-2">{t('noRoutes')}</p>
  return (
    <PlainTable
      label={t('routes')}
      rows={routes}
      rowKey={({ carrier, trunk, gateway }) => `${carrier} ${trunk} ${gateway}`}
      columns={columns}
    />
  )
}

function useColumns(): PlainColumn<ExplainRoute>[] {
  const { t } = useTranslation('explain')
  const format = useFormat()
  const muted = ({ status }: ExplainRoute) => (status === 'lost' ? 'text-ink-3' : undefined)
  return [
    {
      id: 'rank',
      header: t('route.rank'),
      cell: (route) => (
        <span className="flex items-center gap-2">
          <span
            className={clsx(
              'inline-flex size-5 items-center justify-center rounded-full text-meta font-medium',
              route.status === 'chosen' ? 'bg-primary text-on-primary' : 'bg-subtle text-ink-2',
            )}
          >
            {route.rank ?? NO_VALUE}
          </span>
          <Badge tone={TONES[route.status]} plain>
            {t(`status.${route.status}`)}
          </Badge>
        </span>
      ),
    },
    {
      id: 'carrier',
      header: t('route.carrier'),
      cell: (route) => (
        <span className={clsx('block py-1.5', muted(route))}>
          <span className="font-medium">{route.carrier}</span>
          <span className="block text-meta text-ink-3">
            {route.trunk} <span className="font-mono">{route.gateway}</span>
          </span>
          {route.route ? <span className="block text-meta text-ink-3">{route.route}</span> : null}
        </span>
      ),
    },
    {
      id: 'destination',
      header: t('route.destination'),
      cell: (route) => (
        <span className={clsx('block py-1.5', muted(route))}>
          {route.prefix ? (
            <span className="block">
              <span className="font-mono text-meta">{route.prefix}</span> {route.destination}
              {route.origin === null ? null : <span className="text-ink-3"> ← {route.origin}</span>}
            </span>
          ) : null}
          <LossReason route={route} />
          <Sent route={route} />
          {route.rank_key?.is_throttled ? (
            <span className="block text-meta text-ink-3">{t('route.throttled')}</span>
          ) : null}
          {route.rank_key?.is_below_floor ? (
            <span className="block text-meta text-ink-3">{t('route.belowFloor')}</span>
          ) : null}
        </span>
      ),
    },
    {
      id: 'cost',
      header: t('route.cost'),
      align: 'end',
      cell: (route) => (
        <span className={muted(route)}>
          {format.amount(route.cost_per_minute, route.currency ?? 'USD')}
        </span>
      ),
    },
    {
      id: 'margin',
      header: t('route.margin'),
      align: 'end',
      cell: (route) => {
        const isLoss = route.margin_per_minute !== null && isNegative(route.margin_per_minute)
        return (
          <span className={isLoss ? 'text-danger' : muted(route)}>
            {format.amount(route.margin_per_minute, route.currency ?? 'USD')}
            {route.currency ? (
              <span className="ms-1 text-meta text-ink-3">{route.currency}</span>
            ) : null}
          </span>
        )
      },
    },
  ]
}

/** Why it is not tried: in our words where the reason is known, else in those of the switch. */
function LossReason({ route: { reason, detail } }: { route: ExplainRoute }) {
  const { t } = useTranslation('explain')
  if (!reason) return null
  return (
    <span title={detail ?? undefined} className="block text-meta whitespace-normal text-ink-2">
      {isKnown(reason) ? t(`loss.${reason}`) : (detail ?? reason)}
    </span>
  )
}

/** What the carrier is sent, where carrier or trunk have a say in it. */
function Sent({ route: { numbers } }: { route: ExplainRoute }) {
  if (!numbers) return null
  if (numbers.steps.length === 0 && !numbers.is_anonymous && !numbers.asserted) return null
  return (
    <NumbersSent
      calling={numbers.calling}
      called={numbers.called}
      asserted={numbers.asserted}
      isAnonymous={numbers.is_anonymous}
      steps={numbers.steps}
    />
  )
}

function isKnown(reason: string): reason is KnownLoss {
  return Object.hasOwn(explain.loss, reason)
}
