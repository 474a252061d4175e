import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { Boxes } from 'lucide-react'
import { type RefObject, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Resource } from '~/api/__generated__/schema'
import { countByKind } from '~/api/kinds'
import { resourcesQuery } from '~/api/queries'
import { ApplyLink } from '~/components/ApplyLink'
import { PageHeader } from '~/components/PageHeader'
import { useFormat } from '~/hooks/use-format'
import { useKindName } from '~/hooks/use-kinds'
import { useShortcut } from '~/hooks/use-shortcut'
import { useTitle } from '~/hooks/use-title'
import { TimeCell } from '~/table/cells/TimeCell'
import { type Column, DataTable } from '~/table/DataTable'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Input } from '~/ui/lib/Field'
import { pb } from '~/util/path-builder'
import { specSummary } from '~/util/spec-fields'

export default function ResourcesPage() {
  const { t } = useTranslation('configuration')
  const kindName = useKindName()
  const { kind } = useParams({ from: '/shell/configuration/$kind' })
  const { q = '' } = useSearch({ from: '/shell/configuration/$kind' })
  const navigate = useNavigate({ from: '/configuration/$kind' })
  const filterRef = useRef<HTMLInputElement>(null)
  const { data, error, refetch } = useQuery(resourcesQuery)
  const ofKind = data?.items.filter((resource) => resource.kind === kind)
  const matching = ofKind?.filter(({ name }) => name.toLowerCase().includes(q.toLowerCase()))
  const columns = useColumns()
  useTitle(kindName(kind), t('title'))
  useShortcut('filter', () => filterRef.current?.focus())

  return (
    <div className="flex h-full flex-col">
      <PageHeader title={t('title')} actions={<ApplyLink />} />
      <div className="flex min-h-11 items-end justify-between gap-4 border-b border-line bg-surface px-5">
        <KindTabs kinds={countByKind(data?.items ?? [])} active={kind} isKnown={Boolean(data)} />
        <NameFilter
          key={kind}
          inputRef={filterRef}
          value={q}
          onChange={(next) => void navigate({ search: { q: next || undefined }, replace: true })}
        />
      </div>
      <div className="min-h-0 grow bg-surface">
        <DataTable
          label={kindName(kind)}
          columns={columns}
          rows={matching}
          rowKey={({ name }) => name}
          rowLink={({ name }) => pb.resource(kind, name)}
          error={error}
          onRetry={() => void refetch()}
          empty={
            q && ofKind?.length ? (
              <EmptyState icon={Boxes} title={t('noMatch', { query: q })} />
            ) : (
              <EmptyState icon={Boxes} title={t('empty')}>
                {t('emptyBody')}
              </EmptyState>
            )
          }
        />
      </div>
    </div>
  )
}

interface NameFilterProps {
  inputRef: RefObject<HTMLInputElement | null>
  value: string
  onChange: (value: string) => void
}

/** Holds what is typed itself: the address follows a moment later. */
function NameFilter({ inputRef, value, onChange }: NameFilterProps) {
  const { t } = useTranslation('configuration')
  const [typed, setTyped] = useState(value)
  return (
    <Input
      ref={inputRef}
      type="search"
      aria-label={t('search')}
      placeholder={t('search')}
      value={typed}
      onChange={(event) => {
        setTyped(event.target.value)
        onChange(event.target.value)
      }}
      className="mb-2 h-7! max-w-56 text-body!"
    />
  )
}

interface KindTabsProps {
  kinds: readonly { kind: string; count: number }[]
  active: string
  /** Whether the counts are counts yet. */
  isKnown: boolean
}

function KindTabs({ kinds, active, isKnown }: KindTabsProps) {
  const { t } = useTranslation('configuration')
  const kindName = useKindName()
  const format = useFormat()
  return (
    <nav aria-label={t('title')} className="flex gap-5">
      {kinds.map(({ kind, count }) => (
        <Link
          key={kind}
          {...pb.resources(kind)}
          aria-current={kind === active ? 'page' : undefined}
          className={clsx(
            'flex h-10 items-center gap-1.5 border-b-2 font-medium',
            kind === active
              ? 'border-primary text-ink'
              : 'border-transparent text-ink-2 hover:text-ink',
          )}
        >
          {kindName(kind)}
          {isKnown ? (
            <span className="text-meta font-normal text-ink-3 tabular-nums">
              {format.count(count)}
            </span>
          ) : null}
        </Link>
      ))}
    </nav>
  )
}

function useColumns(): Column<Resource>[] {
  const { t } = useTranslation('configuration')
  const { zoneName } = useFormat()
  return [
    {
      id: 'name',
      header: t('column.name'),
      width: 240,
      cell: ({ name }) => <span className="font-medium">{name}</span>,
    },
    {
      id: 'summary',
      header: t('column.summary'),
      cell: ({ spec }) => <span className="text-ink-2">{specSummary(spec)}</span>,
    },
    {
      id: 'version',
      header: t('column.version'),
      width: 88,
      align: 'end',
      cell: ({ version }) => version,
    },
    {
      id: 'updated',
      header: `${t('column.updated')} ${zoneName}`,
      width: 180,
      align: 'end',
      cell: ({ updated_at }) => <TimeCell at={updated_at} />,
    },
    { id: 'id', header: t('column.id'), width: 72, align: 'end', cell: ({ id }) => id },
  ]
}
