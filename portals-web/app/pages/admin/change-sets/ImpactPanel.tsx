import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import type { Impact, ImpactOnCustomer, Touched } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import { useKindName } from '~/hooks/use-kinds'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { NO_VALUE } from '~/util/money'
import { pb } from '~/util/path-builder'

/** Names beside a count. */
const NAMES_MAX = 3

/** Whose calls may go another way. */
export function ImpactPanel({ impact }: { impact: Impact | null }) {
  const { t } = useTranslation('changeSets')
  const format = useFormat()
  if (!impact) {
    return (
      <Panel title={t('impact.title')}>
        <p className="text-ink-2">{t('impact.notAllowed')}</p>
      </Panel>
    )
  }
  const { live_calls, entitlements } = impact
  return (
    <>
      <Panel title={t('impact.title')} padded={false}>
        <dl className="grid grid-cols-2 lg:grid-cols-3 xl:grid-cols-5">
          <Tile label={t('impact.liveCalls')} value={format.count(live_calls)}>
            {live_calls === null ? t('impact.unknown') : t('impact.liveHelp')}
          </Tile>
          <TouchedTile label={t('impact.customers')} touched={impact.customers} kind="customer" />
          <TouchedTile label={t('impact.carriers')} touched={impact.carriers} kind="carrier" />
          <TouchedTile label={t('impact.routes')} touched={impact.routes} />
          <TouchedTile label={t('impact.trunks')} touched={impact.trunks} kind="trunk" />
        </dl>
      </Panel>
      {entitlements.length > 0 ? <Entitlements rows={entitlements} /> : null}
    </>
  )
}

interface TileProps {
  label: string
  value: string
  children: ReactNode
}

function Tile({ label, value, children }: TileProps) {
  return (
    <div className="min-w-0 px-4 py-3">
      <dt className="text-meta text-ink-2">{label}</dt>
      <dd className="text-stat font-semibold tabular-nums">{value}</dd>
      <dd className="text-meta break-words text-ink-3">{children}</dd>
    </div>
  )
}

interface TouchedTileProps {
  label: string
  touched: Touched
  /** Whose page a name leads to; routes are of several kinds. */
  kind?: string
}

function TouchedTile({ label, touched: { count, names }, kind }: TouchedTileProps) {
  const { t } = useTranslation('changeSets')
  const format = useFormat()
  const shown = names.slice(0, NAMES_MAX)
  const left = count - shown.length
  return (
    <Tile label={label} value={format.count(count)}>
      {shown.map((name, index) => (
        <span key={name}>
          {index > 0 ? ', ' : null}
          {kind ? (
            <Link {...pb.resource(kind, name)} className="text-link hover:underline">
              {name}
            </Link>
          ) : (
            name
          )}
        </span>
      ))}
      {left > 0 ? ` ${t('impact.more', { count: left })}` : null}
    </Tile>
  )
}

function Entitlements({ rows }: { rows: readonly ImpactOnCustomer[] }) {
  const { t } = useTranslation('changeSets')
  const kindName = useKindName()
  const list = (items: ImpactOnCustomer['gained']) =>
    items.map(({ kind, name }) => `${kindName(kind, 'one')} ${name}`).join(', ') || NO_VALUE
  return (
    <Panel title={t('impact.entitlements')} padded={false}>
      <PlainTable
        label={t('impact.entitlements')}
        rows={rows}
        rowKey={({ customer }) => customer}
        columns={[
          {
            id: 'customer',
            header: t('impact.customer'),
            cell: ({ customer }) => (
              <Link {...pb.resource('customer', customer)} className="text-link hover:underline">
                {customer}
              </Link>
            ),
          },
          {
            id: 'category',
            header: t('impact.category'),
            cell: ({ category_before: before, category_after: after }) =>
              before === after
                ? (after ?? NO_VALUE)
                : `${before ?? NO_VALUE} → ${after ?? NO_VALUE}`,
          },
          { id: 'gained', header: t('impact.gained'), cell: ({ gained }) => list(gained) },
          { id: 'lost', header: t('impact.lost'), cell: ({ lost }) => list(lost) },
        ]}
      />
    </Panel>
  )
}
