import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import type { Status } from '~/api/__generated__/schema'
import { statusQuery } from '~/api/queries'
import { ErrorNotice } from '~/components/ErrorNotice'
import { Freshness } from '~/components/Freshness'
import { PageHeader } from '~/components/PageHeader'
import { useFormat } from '~/hooks/use-format'
import { useTitle } from '~/hooks/use-title'
import { Badge } from '~/ui/lib/Badge'
import { Facts } from '~/ui/lib/Facts'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { Skeleton } from '~/ui/lib/Skeleton'
import { NO_VALUE } from '~/util/money'

const REFRESH_MS = 5_000
const STALE_MS = 15_000

export default function SystemPage() {
  const { t } = useTranslation(['system', 'common'])
  useTitle(t('title'))
  const query = useQuery({ ...statusQuery, refetchInterval: REFRESH_MS })
  const { data: status, error, dataUpdatedAt, refetch } = query
  return (
    <>
      <PageHeader
        title={t('title')}
        badges={status ? <DrainBadge drain={status.drain} /> : null}
        actions={<Freshness updatedAt={dataUpdatedAt} staleAfterMs={STALE_MS} />}
      />
      {status?.drain === 'draining' ? (
        <p role="status" className="bg-badge-warning-bg px-5 py-2 text-badge-warning">
          {t('drainingBody')}
        </p>
      ) : null}
      {error && !status ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : null}
      {status ? <StatusPanels status={status} /> : null}
      {!status && !error ? (
        <div
          role="status"
          aria-label={t('common:loading')}
          className="grid gap-4 p-5 xl:grid-cols-2"
        >
          <Skeleton className="h-44" />
          <Skeleton className="h-44" />
        </div>
      ) : null}
    </>
  )
}

function StatusPanels({ status }: { status: Status }) {
  const { t } = useTranslation('system')
  const format = useFormat()
  const { journal, loader } = status
  return (
    <div className="grid items-start gap-4 p-5 xl:grid-cols-2">
      <Panel title={t('node')}>
        <Facts
          facts={[
            { label: t('node'), value: status.node },
            { label: t('version'), value: status.version, mono: true },
            { label: t('uptime'), value: format.uptime(status.uptime_seconds) },
            {
              label: t('started'),
              value: `${format.dateTime(status.started_at)} ${format.zoneName}`,
            },
            { label: t('snapshot'), value: format.count(status.snapshot_number) },
          ]}
        />
      </Panel>
      <Panel title={t('journal')} actions={<JournalBadges status={status} />}>
        <Facts
          facts={[
            ...(journal.available ? [] : [{ label: t('journal'), value: t('journalDownBody') }]),
            ...(journal.detail ? [{ label: t('journalDown'), value: journal.detail }] : []),
            ...(loader.trouble ? [{ label: t('loaderTrouble'), value: loader.trouble }] : []),
            { label: t('lag'), value: format.bytes(loader.lag_bytes) },
            { label: t('loaded'), value: format.count(loader.records_loaded) },
            { label: t('duplicates'), value: format.count(loader.duplicates) },
            {
              label: t('caughtUp'),
              value: loader.caught_up_at ? format.dateTime(loader.caught_up_at) : NO_VALUE,
            },
          ]}
        />
      </Panel>
      <Panel title={t('calls')} padded={false}>
        <PlainTable
          label={t('calls')}
          rows={status.shards}
          rowKey={({ shard }) => String(shard)}
          columns={[
            { id: 'shard', header: t('shard'), cell: ({ shard }) => shard },
            {
              id: 'calls',
              header: t('callsNow'),
              align: 'end',
              cell: ({ calls }) => format.count(calls),
            },
          ]}
        />
      </Panel>
      <Panel title={t('listeners')} padded={false}>
        <PlainTable
          label={t('listeners')}
          rows={status.listeners}
          rowKey={({ address, transport }) => `${transport} ${address}`}
          columns={[
            {
              id: 'address',
              header: t('address'),
              cell: ({ address }) => <span className="font-mono text-meta">{address}</span>,
            },
            {
              id: 'transport',
              header: t('transport'),
              align: 'end',
              cell: ({ transport }) => transport.toUpperCase(),
            },
          ]}
        />
      </Panel>
    </div>
  )
}

function DrainBadge({ drain }: { drain: Status['drain'] }) {
  const { t } = useTranslation('system')
  return <Badge tone={drain === 'running' ? 'success' : 'warning'}>{t(drain)}</Badge>
}

/** Less than this is a batch on its way. */
const BEHIND_BYTES = 1_000_000

function JournalBadges({ status: { journal, loader } }: { status: Status }) {
  const { t } = useTranslation('system')
  const isBehind = loader.lag_bytes > BEHIND_BYTES
  const [tone, word] = loader.trouble
    ? (['danger', t('loaderTrouble')] as const)
    : isBehind
      ? (['warning', t('loaderBehind')] as const)
      : (['success', t('loaderOk')] as const)
  return (
    <span className="flex gap-2 pe-2">
      <Badge tone={journal.available ? 'success' : 'danger'}>
        {journal.available ? t('journalOk') : t('journalDown')}
      </Badge>
      <Badge tone={tone}>
        {t('loader')}: {word}
      </Badge>
    </span>
  )
}
