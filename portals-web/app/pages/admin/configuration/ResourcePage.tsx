import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { SearchX } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { draftQuery } from '~/api/change-sets'
import { errorCode } from '~/api/errors'
import { type Kind, type Resource, resourceQuery } from '~/api/resources'
import { ErrorNotice } from '~/components/ErrorNotice'
import { PageHeader } from '~/components/PageHeader'
import { useFieldWords } from '~/hooks/use-field-words'
import { useTitle } from '~/hooks/use-title'
import { Badge } from '~/ui/lib/Badge'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Skeleton } from '~/ui/lib/Skeleton'
import { inSentence } from '~/util/sentence'

import { BackToList } from './BackToList'
import { KindGate } from './KindGate'
import { ResourceRecord } from './ResourceRecord'

const FROM = '/shell/configuration/$kind/$name'

export default function ResourcePage() {
  const { kind, name } = useParams({ from: FROM })
  return <KindGate kind={kind}>{(found) => <OfKind key={name} kind={found} id={name} />}</KindGate>
}

function OfKind({ kind, id }: { kind: Kind; id: string }) {
  const { t } = useTranslation(['configuration', 'common'])
  const { data, error, refetch } = useQuery(resourceQuery(kind, id))
  const name = data?.name ?? id.replace(/^name:/, '')
  useTitle(name, kind.title_plural)
  return (
    <>
      <PageHeader
        title={name}
        breadcrumb={<BackToList kind={kind} />}
        badges={data ? <Badges resource={data} /> : null}
      />
      {data ? <Record kind={kind} resource={data} /> : null}
      {error && !data ? (
        errorCode(error) === 'not-found' ? (
          <EmptyState icon={SearchX} title={t('notFound', { kind: inSentence(kind.title), name })}>
            {t('notFoundBody')}
          </EmptyState>
        ) : (
          <ErrorNotice error={error} onRetry={() => void refetch()} />
        )
      ) : null}
      {!data && !error ? (
        <div role="status" aria-label={t('common:loading')} className="p-5">
          <Skeleton className="h-64 max-w-240" />
        </div>
      ) : null}
    </>
  )
}

function Record({ kind, resource }: { kind: Kind; resource: Resource }) {
  const search = useSearch({ from: FROM })
  const navigate = useNavigate({ from: '/configuration/$kind/$name' })
  const changeSet = Number(search.change_set ?? 0)
  const { data: draft, isPending } = useQuery({
    ...draftQuery(changeSet, kind.kind, resource.name),
    enabled: changeSet > 0,
  })
  if (changeSet > 0 && isPending) return <Skeleton className="m-5 h-64 max-w-240" />
  return (
    <ResourceRecord
      key={changeSet}
      kind={kind}
      resource={resource}
      draft={(changeSet > 0 && draft) || null}
      search={search}
      onSearch={(next) => void navigate({ search: next, replace: true })}
    />
  )
}

function Badges({ resource }: { resource: Resource }) {
  const words = useFieldWords()
  const { t } = useTranslation('configuration')
  const status = resource.spec['status']
  return (
    <>
      {typeof status === 'string' ? (
        <Badge tone={status === 'active' ? 'success' : 'warning'}>{words.choice(status)}</Badge>
      ) : null}
      <Badge tone="neutral" plain>
        {t('version', { version: resource.version })}
      </Badge>
    </>
  )
}
