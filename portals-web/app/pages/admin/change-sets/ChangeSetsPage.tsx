import { useQuery } from '@tanstack/react-query'
import { useNavigate, useRouter, useSearch } from '@tanstack/react-router'
import { GitPullRequestDraft, Plus } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { ChangeSet } from '~/api/__generated__/schema'
import { changeSetPageQuery } from '~/api/change-sets'
import { ChangeSetStateBadge } from '~/components/ChangeSetStateBadge'
import { FilterChip } from '~/components/FilterChip'
import { PageHeader } from '~/components/PageHeader'
import { Pager } from '~/components/Pager'
import { ChangeSetForm } from '~/forms/change-set-form'
import { ChoiceEditor } from '~/forms/filter-editors'
import { useFormat } from '~/hooks/use-format'
import { usePages } from '~/hooks/use-pages'
import { usePermission } from '~/hooks/use-permission'
import { useShortcut } from '~/hooks/use-shortcut'
import { useTitle } from '~/hooks/use-title'
import { toast } from '~/stores/toasts'
import { workingSet } from '~/stores/working-set'
import { OptionalText } from '~/table/cells/OptionalText'
import { TimeCell } from '~/table/cells/TimeCell'
import { type Column, DataTable } from '~/table/DataTable'
import { Button } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { pb } from '~/util/path-builder'
import { CHANGE_SET_STATES, type ChangeSetsSearch } from '~/util/searches'

/** Changes that are pushed together: those that wait, and those that were. */
export default function ChangeSetsPage() {
  const { t } = useTranslation(['changeSets', 'lists'])
  const router = useRouter()
  const search = useSearch({ from: '/shell/configuration/change-sets' })
  const navigate = useNavigate({ from: '/configuration/change-sets' })
  const { data, error, refetch, isPlaceholderData } = useQuery(
    changeSetPageQuery(search.state, search.cursor),
  )
  const pages = usePages(search.cursor, data?.next_cursor)
  const columns = useColumns()
  const canWrite = usePermission('change_set.write')
  const [isMaking, setMaking] = useState(false)
  useTitle(t('title'))
  useShortcut('create', () => setMaking(true), canWrite)
  const change = (next: ChangeSetsSearch) =>
    void navigate({ search: (before) => ({ ...before, ...next, cursor: undefined }) })
  const begin = (made: ChangeSet) => {
    workingSet.set(made.id)
    toast(t('made', { name: made.name }))
    void router.navigate(pb.changeSet(made.id))
  }
  const create = canWrite ? (
    <Button variant="primary" onClick={() => setMaking(true)}>
      <Plus aria-hidden size={16} strokeWidth={1.75} />
      {t('new')}
    </Button>
  ) : null

  return (
    <div className="flex h-full flex-col">
      <PageHeader title={t('title')} actions={create} />
      <div className="flex min-h-11 shrink-0 flex-wrap items-center gap-2 border-b border-line bg-surface px-5 py-2">
        <FilterChip
          name={t('filterState')}
          value={search.state && t(`state.${search.state}`)}
          onClear={() => change({ state: undefined })}
        >
          {(close) => (
            <div className="p-2">
              <ChoiceEditor
                label={t('filterState')}
                options={CHANGE_SET_STATES.map((value) => ({ value, label: t(`state.${value}`) }))}
                value={search.state}
                onApply={(state) => {
                  change({ state })
                  close()
                }}
              />
            </div>
          )}
        </FilterChip>
      </div>
      <div className="min-h-0 grow bg-surface">
        <DataTable
          label={t('title')}
          columns={columns}
          rows={data?.items}
          rowKey={({ id }) => String(id)}
          rowLink={({ id }) => pb.changeSet(id)}
          error={error}
          onRetry={() => void refetch()}
          isOutdated={isPlaceholderData}
          empty={
            search.state ? (
              <EmptyState icon={GitPullRequestDraft} title={t('lists:noMatch')} />
            ) : (
              <EmptyState icon={GitPullRequestDraft} title={t('empty')} action={create}>
                {t('emptyBody')}
              </EmptyState>
            )
          }
        />
      </div>
      <Pager pages={pages}>
        {data ? t('lists:pager.shown', { count: data.items.length }) : null}
      </Pager>
      {isMaking ? (
        <ChangeSetForm changeSet={null} onDone={begin} onClose={() => setMaking(false)} />
      ) : null}
    </div>
  )
}

function useColumns(): Column<ChangeSet>[] {
  const { t } = useTranslation('changeSets')
  const { zoneName } = useFormat()
  return [
    {
      id: 'name',
      header: t('column.name'),
      minWidth: 220,
      cell: ({ name }) => <span className="font-medium">{name}</span>,
    },
    {
      id: 'state',
      header: t('column.state'),
      width: 128,
      cell: ({ state }) => <ChangeSetStateBadge state={state} />,
    },
    {
      id: 'drafts',
      header: t('column.drafts'),
      width: 80,
      align: 'end',
      cell: ({ drafts }) => drafts,
    },
    { id: 'author', header: t('column.author'), minWidth: 120, cell: ({ author }) => author },
    {
      id: 'pushed',
      header: `${t('column.pushed')} ${zoneName}`,
      width: 176,
      align: 'end',
      cell: ({ pushed_at }) =>
        pushed_at ? <TimeCell at={pushed_at} /> : <OptionalText value={null} />,
    },
    {
      id: 'updated',
      header: `${t('column.updated')} ${zoneName}`,
      width: 176,
      align: 'end',
      cell: ({ updated_at }) => <TimeCell at={updated_at} />,
    },
  ]
}
