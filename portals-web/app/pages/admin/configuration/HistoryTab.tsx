import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { VersionSummary } from '~/api/__generated__/schema'
import { type Kind, type Resource, rollBack, versionsQuery } from '~/api/resources'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { ErrorNotice } from '~/components/ErrorNotice'
import { useFormat } from '~/hooks/use-format'
import { toast } from '~/stores/toasts'
import { Badge } from '~/ui/lib/Badge'
import { Button } from '~/ui/lib/Button'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { Skeleton } from '~/ui/lib/Skeleton'
import type { ResourceSearch } from '~/util/searches'

import { VersionDifference } from './VersionDifference'

export interface HistoryTabProps {
  kind: Kind
  resource: Resource
  search: ResourceSearch
  onSearch: (search: ResourceSearch) => void
  onRolledBack: (resource: Resource) => void
}

/** Every version, how any two differ, and the way back to one. */
export function HistoryTab(props: HistoryTabProps) {
  const { kind, resource, search, onSearch, onRolledBack } = props
  const { t } = useTranslation(['configuration', 'lists'])
  const [cursors, setCursors] = useState<readonly string[]>([])
  const [wanted, setWanted] = useState<number | null>(null)
  const { data, error, refetch } = useQuery(versionsQuery(kind.plural, resource.id, cursors.at(-1)))
  const from = Number(search.from ?? resource.version - 1)
  const to = Number(search.to ?? resource.version)
  const compare = (next: { from?: number; to?: number }) =>
    onSearch({
      tab: 'history',
      from: String(next.from ?? from),
      to: String(next.to ?? to),
    })
  if (error && !data) return <ErrorNotice error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton className="h-40" />
  return (
    <div className="flex flex-col gap-4">
      <Panel title={t('tab.history')} padded={false}>
        <Versions
          versions={data.items}
          newest={resource.version}
          {...{ from, to, compare }}
          onRollBack={kind.can_write ? setWanted : null}
        />
        {cursors.length > 0 || data.next_cursor ? (
          <footer className="flex justify-end gap-2 border-t border-line px-4 py-2">
            <Button
              size="toolbar"
              disabled={cursors.length === 0}
              onClick={() => setCursors(cursors.slice(0, -1))}
            >
              {t('lists:pager.newer')}
            </Button>
            <Button
              size="toolbar"
              disabled={!data.next_cursor}
              onClick={() => data.next_cursor && setCursors([...cursors, data.next_cursor])}
            >
              {t('lists:pager.older')}
            </Button>
          </footer>
        ) : null}
      </Panel>
      {from >= 1 && from !== to ? (
        <VersionDifference
          plural={kind.plural}
          id={resource.id}
          from={Math.min(from, to)}
          to={Math.max(from, to)}
        />
      ) : (
        <p className="text-ink-2">{t('history.choose')}</p>
      )}
      {wanted === null ? null : (
        <RollBackDialog
          kind={kind}
          resource={resource}
          version={wanted}
          onClose={() => setWanted(null)}
          onDone={(next) => {
            setWanted(null)
            onRolledBack(next)
            onSearch({ tab: 'history' })
          }}
        />
      )}
    </div>
  )
}

interface VersionsProps {
  versions: readonly VersionSummary[]
  newest: number
  from: number
  to: number
  compare: (change: { from?: number; to?: number }) => void
  onRollBack: ((version: number) => void) | null
}

function Versions({ versions, newest, from, to, compare, onRollBack }: VersionsProps) {
  const { t } = useTranslation('configuration')
  const format = useFormat()
  const choice = (side: 'from' | 'to', version: number, chosen: number) => (
    <input
      type="radio"
      name={`compare-${side}`}
      aria-label={`${t(`history.${side}`)}: ${version}`}
      className="accent-primary"
      checked={version === chosen}
      onChange={() => compare({ [side]: version })}
    />
  )
  return (
    <PlainTable
      label={t('tab.history')}
      rows={versions}
      rowKey={({ version }) => String(version)}
      columns={[
        {
          id: 'compare',
          header: t('history.compare'),
          cell: ({ version }) => (
            <span className="flex gap-3">
              {choice('from', version, from)}
              {choice('to', version, to)}
            </span>
          ),
        },
        {
          id: 'version',
          header: t('history.version'),
          cell: ({ version, deleted }) => (
            <span className="flex items-center gap-2">
              {version}
              {version === newest ? <Badge tone="success">{t('history.now')}</Badge> : null}
              {deleted ? <Badge tone="danger">{t('history.deleted')}</Badge> : null}
            </span>
          ),
        },
        {
          id: 'when',
          header: `${t('history.when')} ${format.zoneName}`,
          cell: ({ created_at }) => format.dateTime(created_at),
        },
        { id: 'who', header: t('history.who'), cell: ({ author }) => author },
        {
          id: 'note',
          header: t('history.note'),
          cell: ({ note }) => <span className="whitespace-normal">{note}</span>,
        },
        {
          id: 'back',
          header: '',
          align: 'end',
          cell: ({ version, deleted }) =>
            onRollBack && version !== newest && !deleted ? (
              <Button size="toolbar" onClick={() => onRollBack(version)}>
                {t('history.rollBack', { version })}
              </Button>
            ) : null,
        },
      ]}
    />
  )
}

interface RollBackDialogProps {
  kind: Kind
  resource: Resource
  version: number
  onClose: () => void
  onDone: (resource: Resource) => void
}

function RollBackDialog({ kind, resource, version, onClose, onDone }: RollBackDialogProps) {
  const { t } = useTranslation('configuration')
  const back = useMutation({
    mutationFn: () => rollBack(kind.plural, resource, version),
    onSuccess: (next) => {
      toast(t('history.rolledBack', { version }))
      onDone(next)
    },
  })
  return (
    <ConfirmDialog
      title={t('history.rollBackTitle', { version })}
      confirm={t('history.rollBack', { version })}
      isBusy={back.isPending}
      error={back.error}
      onConfirm={() => back.mutate()}
      onClose={onClose}
    >
      <p>{t('history.rollBackBody')}</p>
    </ConfirmDialog>
  )
}
