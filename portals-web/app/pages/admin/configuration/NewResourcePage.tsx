import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams, useRouter, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import type { DraftDetail } from '~/api/__generated__/schema'
import { draftQuery } from '~/api/change-sets'
import { createResource, type Kind, resourceQuery, type ResourceWrite } from '~/api/resources'
import { ErrorNotice } from '~/components/ErrorNotice'
import { PageHeader } from '~/components/PageHeader'
import type { Shown } from '~/forms/resource/draft'
import { useResourceForm } from '~/forms/resource/use-resource-form'
import { usePermission } from '~/hooks/use-permission'
import { useTitle } from '~/hooks/use-title'
import { plainText } from '~/util/field-label'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { Skeleton } from '~/ui/lib/Skeleton'
import { pb } from '~/util/path-builder'
import { fieldsOfSection } from '~/util/schema'
import type { ResourceTab } from '~/util/searches'
import { inSentence } from '~/util/sentence'
import { targetOf } from '~/util/target'

import { DraftNotice } from './DraftNotice'
import { KindGate } from './KindGate'
import { useDraftSaving } from './use-draft-saving'
import { ResourceEditor } from './ResourceEditor'
import { BackToList } from './BackToList'

const FROM = '/shell/configuration/$kind/new'

export default function NewResourcePage() {
  const { kind } = useParams({ from: FROM })
  return <KindGate kind={kind}>{(found) => <OfKind key={kind} kind={found} />}</KindGate>
}

/** A new one, or what a change set wants to make. */
function OfKind({ kind }: { kind: Kind }) {
  const { change_set, draft: name = '' } = useSearch({ from: FROM })
  const changeSet = Number(change_set ?? 0)
  const { data, error, isPending, refetch } = useQuery({
    ...draftQuery(changeSet, kind.kind, name),
    enabled: changeSet > 0 && name !== '',
  })
  if (changeSet === 0 || name === '') return <NewForm kind={kind} draft={null} changeSet={null} />
  if (isPending) return <Skeleton className="m-5 h-64 max-w-240" />
  if (error) return <ErrorNotice error={error} onRetry={() => void refetch()} />
  return <NewForm kind={kind} draft={data} changeSet={changeSet} />
}

interface NewFormProps {
  kind: Kind
  draft: DraftDetail | null
  changeSet: number | null
}

function NewForm({ kind, draft, changeSet }: NewFormProps) {
  const { t } = useTranslation('configuration')
  const client = useQueryClient()
  const router = useRouter()
  const navigate = useNavigate({ from: '/configuration/$kind/new' })
  const search = useSearch({ from: FROM })
  const { tab } = search
  const form = useResourceForm(kind, (draft?.content as Shown | undefined) ?? null)
  const saveDraft = useDraftSaving(kind)
  const canDraft = usePermission('change_set.write')
  const title = draft?.name ?? t('createTitle', { kind: inSentence(kind.title) })
  const tabs: ResourceTab[] = [
    'general',
    ...(fieldsOfSection(kind.schema, 'advanced').length > 0 ? (['advanced'] as const) : []),
    ...(kind.assignable === 'no' ? [] : (['assignment'] as const)),
  ]
  useTitle(title)

  const create = async (write: ResourceWrite) => {
    const made = await createResource(kind.plural, write)
    client.setQueryData(resourceQuery(kind, targetOf(made.name)).queryKey, made)
    await client.invalidateQueries({
      queryKey: ['resources'],
      predicate: ({ queryKey }) => queryKey[2] !== 'one',
    })
    toast(t('form.created', { name: made.name }))
    await router.navigate({
      ...pb.resource(kind.kind, made.name),
      replace: true,
      ignoreBlocker: true,
    })
  }

  const putAside = async (write: ResourceWrite, into: number) => {
    await saveDraft(into, draft?.name ?? null, write)
    await router.navigate({ ...pb.changeSet(into), ignoreBlocker: true })
  }

  return (
    <>
      <PageHeader title={title} breadcrumb={<BackToList kind={kind} />} />
      <p className="bg-surface px-5 py-3 text-ink-2">{plainText(kind.description)}</p>
      {draft ? (
        <DraftNotice kind={kind.kind} name={draft.name} draft={draft} changeSet={changeSet} />
      ) : null}
      <ResourceEditor
        kind={kind}
        resource={null}
        form={form}
        tabs={tabs}
        active={tab && tabs.includes(tab) ? tab : 'general'}
        onTab={(next) => void navigate({ search: { ...search, tab: next }, replace: true })}
        onSave={create}
        onDraft={canDraft ? putAside : null}
        changeSet={changeSet}
        actions={
          <Button onClick={() => void router.navigate(pb.resources(kind.kind))}>
            {t('form.cancel')}
          </Button>
        }
      />
    </>
  )
}
