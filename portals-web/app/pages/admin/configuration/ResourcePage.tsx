import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ChevronLeft, SearchX } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import type { Resource } from '~/api/__generated__/schema'
import { resourcesQuery } from '~/api/queries'
import { ErrorNotice } from '~/components/ErrorNotice'
import { ApplyLink } from '~/components/ApplyLink'
import { PageHeader } from '~/components/PageHeader'
import { useFormat } from '~/hooks/use-format'
import { useKindName } from '~/hooks/use-kinds'
import { useTitle } from '~/hooks/use-title'
import { Badge } from '~/ui/lib/Badge'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Facts } from '~/ui/lib/Facts'
import { Panel } from '~/ui/lib/Panel'
import { Skeleton } from '~/ui/lib/Skeleton'
import { NO_VALUE } from '~/util/money'
import { pb } from '~/util/path-builder'
import { fieldLabel, type SpecField, specFields, type SpecValue } from '~/util/spec-fields'

export default function ResourcePage() {
  const { t } = useTranslation(['configuration', 'common'])
  const kindName = useKindName()
  const { kind, name } = useParams({ from: '/shell/configuration/$kind/$name' })
  const { data, error, refetch } = useQuery(resourcesQuery)
  const resource = data?.items.find((each) => each.kind === kind && each.name === name)
  useTitle(name, kindName(kind))
  return (
    <>
      <PageHeader
        title={name}
        breadcrumb={
          <Link
            {...pb.resources(kind)}
            className="-ms-1.5 flex h-8 items-center gap-0.5 rounded-control pe-2 text-ink-2 hover:bg-hover hover:text-ink"
          >
            <ChevronLeft aria-hidden size={16} strokeWidth={1.75} />
            {kindName(kind)}
          </Link>
        }
        badges={
          resource ? (
            <Badge tone="neutral" plain>
              {t('version', { version: resource.version })}
            </Badge>
          ) : null
        }
        actions={<ApplyLink />}
      />
      {error ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : null}
      {resource ? <Details resource={resource} /> : null}
      {data && !resource ? (
        <EmptyState
          icon={SearchX}
          title={t('notFound', { kind: kind.replaceAll('_', ' '), name })}
        />
      ) : null}
      {!data && !error ? (
        <div role="status" aria-label={t('common:loading')} className="p-5">
          <Skeleton className="h-64 max-w-240" />
        </div>
      ) : null}
    </>
  )
}

function Details({ resource }: { resource: Resource }) {
  const { t } = useTranslation('configuration')
  const format = useFormat()
  return (
    <div className="grid items-start gap-4 p-5 2xl:grid-cols-[2fr_1fr]">
      <Panel title={t('fields')}>
        <Facts
          facts={specFields(resource.spec).map(({ path, value }) => ({
            label: fieldLabel(path),
            value: <FieldValue value={value} />,
          }))}
        />
      </Panel>
      <Panel title={t('source')}>
        <Facts
          facts={[
            { label: t('column.name'), value: resource.name },
            { label: t('column.id'), value: resource.id },
            { label: t('column.version'), value: resource.version },
            {
              label: t('column.updated'),
              value: `${format.dateTime(resource.updated_at)} ${format.zoneName}`,
            },
          ]}
        />
      </Panel>
    </div>
  )
}

/** A card can hold more rows than a page should. */
const MAX_ITEMS = 200

function FieldValue({ value }: { value: SpecField['value'] }): ReactNode {
  const { t } = useTranslation('configuration')
  if (value === null || value === '') return <span className="text-ink-3">{NO_VALUE}</span>
  if (typeof value === 'boolean') return value ? t('yes') : t('no')
  if (typeof value !== 'object') return value
  if (value.length === 0) return <span className="text-ink-3">{NO_VALUE}</span>
  return (
    <ul className="flex flex-col gap-0.5">
      {value.slice(0, MAX_ITEMS).map((item) => (
        <li key={itemText(item)} className="font-mono text-meta">
          {itemText(item)}
        </li>
      ))}
      {value.length > MAX_ITEMS ? (
        <li className="text-ink-3">{t('more', { count: value.length - MAX_ITEMS })}</li>
      ) : null}
    </ul>
  )
}

function itemText(item: SpecValue): string {
  return typeof item === 'object' ? JSON.stringify(item) : String(item)
}
