import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams, useRouter, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { createResource, type Kind, resourceQuery, type ResourceWrite } from '~/api/resources'
import { PageHeader } from '~/components/PageHeader'
import { useResourceForm } from '~/forms/resource/use-resource-form'
import { useTitle } from '~/hooks/use-title'
import { plainText } from '~/util/field-label'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { pb } from '~/util/path-builder'
import { fieldsOfSection } from '~/util/schema'
import type { ResourceTab } from '~/util/searches'
import { targetOf } from '~/util/target'

import { KindGate } from './KindGate'
import { ResourceEditor } from './ResourceEditor'
import { BackToList } from './BackToList'

const FROM = '/shell/configuration/$kind/new'

export default function NewResourcePage() {
  const { kind } = useParams({ from: FROM })
  return <KindGate kind={kind}>{(found) => <OfKind key={kind} kind={found} />}</KindGate>
}

function OfKind({ kind }: { kind: Kind }) {
  const { t } = useTranslation('configuration')
  const client = useQueryClient()
  const router = useRouter()
  const navigate = useNavigate({ from: '/configuration/$kind/new' })
  const { tab } = useSearch({ from: FROM })
  const form = useResourceForm(kind, null)
  const title = t('createTitle', { kind: kind.title.toLowerCase() })
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

  return (
    <>
      <PageHeader title={title} breadcrumb={<BackToList kind={kind} />} />
      <p className="bg-surface px-5 py-3 text-ink-2">{plainText(kind.description)}</p>
      <ResourceEditor
        kind={kind}
        resource={null}
        form={form}
        tabs={tabs}
        active={tab && tabs.includes(tab) ? tab : 'general'}
        onTab={(next) => void navigate({ search: { tab: next }, replace: true })}
        onSave={create}
        actions={
          <Button onClick={() => void router.navigate(pb.resources(kind.kind))}>
            {t('form.cancel')}
          </Button>
        }
      />
    </>
  )
}
