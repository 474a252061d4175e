import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { DraftDetail } from '~/api/__generated__/schema'
import { errorCode } from '~/api/errors'
import {
  type Kind,
  type Resource,
  resourceQuery,
  type ResourceWrite,
  updateResource,
} from '~/api/resources'
import { ConflictDialog } from '~/forms/resource/ConflictDialog'
import { draftOf, type Shown } from '~/forms/resource/draft'
import { useResourceForm } from '~/forms/resource/use-resource-form'
import { usePermission } from '~/hooks/use-permission'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { pb } from '~/util/path-builder'
import { fieldsOfSection } from '~/util/schema'
import type { ResourceSearch, ResourceTab } from '~/util/searches'
import { targetOf } from '~/util/target'

import { BalanceTab } from './BalanceTab'
import { CustomersTab } from './CustomersTab'
import { DeliveriesTab } from './DeliveriesTab'
import { DeleteDialog } from './DeleteDialog'
import { DraftNotice } from './DraftNotice'
import { EntitlementsTab } from './EntitlementsTab'
import { HistoryTab } from './HistoryTab'
import { ResourceEditor } from './ResourceEditor'
import { useDraftSaving } from './use-draft-saving'

export interface ResourceRecordProps {
  kind: Kind
  resource: Resource
  /** What a change set wants of it; the form holds that instead. */
  draft: DraftDetail | null
  search: ResourceSearch
  onSearch: (search: ResourceSearch) => void
}

/** A resource that is there: its form, its past, and who gets it. */
export function ResourceRecord(props: ResourceRecordProps) {
  const { kind, resource: first, draft, search, onSearch } = props
  const { t } = useTranslation('configuration')
  const [resource, setResource] = useState(first)
  const [theirs, setTheirs] = useState<Resource | null>(null)
  const [isDeleting, setDeleting] = useState(false)
  const deckAddress = `/api/v1/${kind.plural}/${resource.id}/rates`
  const changeSet = draft ? Number(search.change_set) : null
  const form = useResourceForm(kind, draft ? contentOf(draft, resource) : resource, deckAddress)
  const saveDraft = useDraftSaving(kind)
  const canDraft = usePermission('change_set.write') && !draft?.is_stale
  const keep = useKeep(kind)
  const canReadBooks = usePermission('ledger.read')
  const tabs = tabsOf(kind, canReadBooks)
  const active = search.tab && tabs.includes(search.tab) ? search.tab : 'general'

  const takeOver = async (next: Resource) => {
    setResource(next)
    form.restart(draftOf(next))
    await keep(next, first.name)
  }
  const save = async (write: ResourceWrite) => {
    try {
      await takeOver(await updateResource(kind.plural, resource, write))
      toast(t('form.saved', { name: write.name }))
    } catch (failure) {
      if (errorCode(failure) === 'version-changed') setTheirs(await keep.newest(resource))
      throw failure
    }
  }

  const putAside = async (write: ResourceWrite, into: number) => {
    await saveDraft(into, resource, write)
    form.restart(draft ? form.draft : form.base)
  }

  return (
    <>
      <DraftNotice kind={kind.kind} name={first.name} draft={draft} changeSet={changeSet} />
      <ResourceEditor
        kind={kind}
        resource={resource}
        form={form}
        tabs={tabs}
        active={active}
        onTab={(tab) => onSearch({ tab, change_set: search.change_set })}
        onSave={save}
        onDraft={canDraft ? putAside : null}
        changeSet={changeSet}
        actions={
          draft ? null : (
            <Button variant="danger" onClick={() => setDeleting(true)}>
              {t('form.delete')}
            </Button>
          )
        }
      >
        {active === 'history' ? (
          <HistoryTab
            kind={kind}
            resource={resource}
            search={search}
            onSearch={onSearch}
            onRolledBack={(next) => void takeOver(next)}
          />
        ) : null}
        {active === 'customers' ? <CustomersTab kind={kind} resource={resource} /> : null}
        {active === 'balance' && kind.kind === 'customer' ? (
          <BalanceTab party="customers" resource={resource} />
        ) : null}
        {active === 'balance' && kind.kind === 'carrier' ? (
          <BalanceTab party="carriers" resource={resource} />
        ) : null}
        {active === 'entitlements' ? <EntitlementsTab resource={resource} /> : null}
        {active === 'deliveries' ? <DeliveriesTab resource={resource} /> : null}
      </ResourceEditor>
      {theirs ? (
        <ConflictDialog
          kind={kind}
          form={form}
          theirs={theirs}
          onClose={() => setTheirs(null)}
          onResolved={(isMerged) => {
            setResource(theirs)
            setTheirs(null)
            if (isMerged) toast(t('conflict.merged'))
          }}
        />
      ) : null}
      {isDeleting ? (
        <DeleteDialog kind={kind} resource={resource} onClose={() => setDeleting(false)} />
      ) : null}
    </>
  )
}

/** What the draft says the resource shall be. */
function contentOf({ content }: DraftDetail, resource: Resource): Shown {
  return content ? { ...resource, ...(content as Partial<Shown>) } : resource
}

/** Keeps what the switch answered, and the address in step with the name. */
function useKeep(kind: Kind) {
  const client = useQueryClient()
  const router = useRouter()
  const keep = async (next: Resource, nameBefore: string) => {
    client.setQueryData(resourceQuery(kind, targetOf(next.name)).queryKey, next)
    await client.invalidateQueries({
      queryKey: ['resources'],
      predicate: ({ queryKey }) => queryKey[2] !== 'one',
    })
    if (next.name === nameBefore) return
    await router.navigate({
      ...pb.resource(kind.kind, next.name),
      replace: true,
      ignoreBlocker: true,
    })
  }
  return Object.assign(keep, {
    newest: ({ id }: Resource) =>
      client.fetchQuery({ ...resourceQuery(kind, String(id)), staleTime: 0 }),
  })
}

function tabsOf(kind: Kind, canReadBooks: boolean): ResourceTab[] {
  const hasBooks = canReadBooks && (kind.kind === 'customer' || kind.kind === 'carrier')
  const isAssignable = kind.assignable !== 'no'
  return [
    'general',
    ...(fieldsOfSection(kind.schema, 'advanced').length > 0 ? (['advanced'] as const) : []),
    ...(isAssignable ? (['assignment', 'customers'] as const) : []),
    ...(kind.kind === 'customer' ? (['entitlements'] as const) : []),
    ...(hasBooks ? (['balance'] as const) : []),
    ...(kind.kind === 'notification_target' ? (['deliveries'] as const) : []),
    'history',
  ]
}
