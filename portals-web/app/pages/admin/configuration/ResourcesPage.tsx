import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useRouter, useSearch } from '@tanstack/react-router'
import { Boxes, Plus } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type Kind, resourcePageQuery } from '~/api/resources'
import { ApplyLink } from '~/components/ApplyLink'
import { PageHeader } from '~/components/PageHeader'
import { Pager } from '~/components/Pager'
import { ResourceFilters } from '~/forms/resource-filters'
import { useFormat } from '~/hooks/use-format'
import { usePages } from '~/hooks/use-pages'
import { useShortcut } from '~/hooks/use-shortcut'
import { useTitle } from '~/hooks/use-title'
import { useResourceColumns } from '~/table/columns/resource-columns'
import { DataTable } from '~/table/DataTable'
import { useSelection } from '~/table/use-selection'
import { buttonClass } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { chosenColumns } from '~/util/columns'
import { pb } from '~/util/path-builder'
import type { ResourcesSearch } from '~/util/searches'
import { inSentence } from '~/util/sentence'

import { BulkDock } from './BulkDock'
import { ImportDialog } from './ImportDialog'
import { KindGate } from './KindGate'
import { ListMenus } from './ListMenus'

const FROM = '/shell/configuration/$kind'
/** The search is asked for when typing rests. */
const REST_MS = 250

export default function ResourcesPage() {
  const { kind } = useParams({ from: FROM })
  return <KindGate kind={kind}>{(found) => <OfKind key={kind} kind={found} />}</KindGate>
}

function OfKind({ kind }: { kind: Kind }) {
  const { t } = useTranslation(['configuration', 'lists'])
  const format = useFormat()
  const router = useRouter()
  const search = useSearch({ from: FROM })
  const change = useChange()
  const asked = askedOf(kind, search)
  const page = useQuery(resourcePageQuery(kind, asked.parameters, search.cursor))
  const { data, error, refetch, isPlaceholderData } = page
  const pages = usePages(search.cursor, data?.next_cursor)
  const shown = chosenColumns(kind.schema, search.columns)
  const columns = useResourceColumns(kind, shown)
  const chosen = useSelection(data?.items.map(({ name }) => name) ?? [])
  const [isImporting, setImporting] = useState(false)
  const one = inSentence(kind.title)
  useTitle(kind.title_plural, t('title'))
  useShortcut('create', () => void router.navigate(pb.newResource(kind.kind)), kind.can_write)

  return (
    <div className="flex h-full flex-col">
      <PageHeader
        title={kind.title_plural}
        actions={
          <>
            <ListMenus
              kind={kind}
              parameters={asked.parameters}
              columns={shown}
              onColumns={(names) => change.now({ columns: names.join(',') || 'none' })}
              onImport={kind.can_write ? () => setImporting(true) : null}
            />
            {kind.can_write ? (
              <>
                <ApplyLink />
                <Link {...pb.newResource(kind.kind)} className={buttonClass('primary')}>
                  <Plus aria-hidden size={16} strokeWidth={1.75} />
                  {t('create', { kind: one })}
                </Link>
              </>
            ) : null}
          </>
        }
      />
      <div className="flex min-h-11 items-center gap-4 border-b border-line bg-surface px-5 py-2">
        <ResourceFilters
          kind={kind}
          q={search.q ?? ''}
          onSearch={(q) => change.later({ q: q || undefined, cursor: undefined })}
          filters={asked.filters}
          onFilter={(field, value) =>
            change.now({ filter: asked.with(field, value), cursor: undefined })
          }
          onClear={() => change.now({ q: undefined, filter: undefined, cursor: undefined })}
        />
      </div>
      <div className="min-h-0 grow bg-surface">
        <DataTable
          label={kind.title_plural}
          columns={columns}
          rows={data?.items}
          rowKey={({ name }) => name}
          rowLink={({ name }) => pb.resource(kind.kind, name)}
          error={error}
          onRetry={() => void refetch()}
          isOutdated={isPlaceholderData}
          sort={search.sort ?? 'name'}
          onSort={(sort) => change.now({ sort, cursor: undefined })}
          {...(kind.can_write ? { selection: chosen } : {})}
          empty={<Empty kind={kind} isFiltered={asked.isFiltered} />}
        />
      </div>
      <Pager pages={pages}>
        {data?.total == null
          ? data && t('lists:pager.shown', { count: data.items.length })
          : t('lists:pager.total', { count: data.total, formatted: format.count(data.total) })}
      </Pager>
      {chosen.keys.length > 0 ? (
        <BulkDock
          kind={kind}
          names={chosen.keys}
          total={data?.total ?? null}
          parameters={asked.parameters}
          onClear={chosen.clear}
        />
      ) : null}
      {isImporting ? <ImportDialog kind={kind} onClose={() => setImporting(false)} /> : null}
    </div>
  )
}

function Empty({ kind, isFiltered }: { kind: Kind; isFiltered: boolean }) {
  const { t } = useTranslation(['configuration', 'lists'])
  if (isFiltered) return <EmptyState icon={Boxes} title={t('lists:noMatch')} />
  return (
    <EmptyState icon={Boxes} title={t('empty', { kind: inSentence(kind.title_plural) })}>
      {kind.summary}
      {kind.can_write ? (
        <Link {...pb.newResource(kind.kind)} className={`${buttonClass('primary')} mt-4`}>
          {t('create', { kind: inSentence(kind.title) })}
        </Link>
      ) : (
        <span className="block">{t('emptyReadOnly')}</span>
      )}
    </EmptyState>
  )
}

/** What the address asks of the switch. */
function askedOf(kind: Kind, { q, sort, filter = '' }: ResourcesSearch) {
  const wanted = new URLSearchParams(filter)
  const filters = Object.fromEntries(
    kind.filter_fields.flatMap((name) => {
      const value = wanted.get(name)
      return value === null ? [] : [[name, value]]
    }),
  )
  return {
    filters,
    isFiltered: q !== undefined || Object.keys(filters).length > 0,
    parameters: { ...filters, ...(q ? { q } : {}), ...(sort ? { sort } : {}) },
    /** The filters of the address with another value of one. */
    with: (field: string, value: string | undefined) => {
      const next = new URLSearchParams(filters)
      if (value === undefined) next.delete(field)
      else next.set(field, value)
      return next.toString() || undefined
    },
  }
}

/** Writes into the address: at once, or when typing rests. */
function useChange() {
  const navigate = useNavigate({ from: '/configuration/$kind' })
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const change = (next: ResourcesSearch) => {
    clearTimeout(timer.current)
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true })
  }
  const later = (next: ResourcesSearch) => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => change(next), REST_MS)
  }
  return { now: change, later }
}
