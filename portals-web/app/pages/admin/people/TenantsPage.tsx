import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { Building2, Plus } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Tenant } from '~/api/__generated__/schema'
import {
  beginVisit,
  createOperator,
  resumeTenant,
  suspendTenant,
  tenantPageQuery,
} from '~/api/people'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { ListScreen } from '~/components/ListScreen'
import { Pager } from '~/components/Pager'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useChangeOfTenant } from '~/hooks/use-change-of-tenant'
import { useFormat } from '~/hooks/use-format'
import { usePages } from '~/hooks/use-pages'
import { usePermission } from '~/hooks/use-permission'
import { useSmallForm } from '~/hooks/use-small-form'
import { useTitle } from '~/hooks/use-title'
import { toast } from '~/stores/toasts'
import { TimeCell } from '~/table/cells/TimeCell'
import { type Column, DataTable } from '~/table/DataTable'
import { Badge } from '~/ui/lib/Badge'
import { Button } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Field, Input } from '~/ui/lib/Field'
import { FormDialog } from '~/ui/lib/FormDialog'

type Open = { what: 'make' } | { what: 'visit' | 'suspend'; tenant: Tenant }

/** Operators, customers and carriers right below, with the way to act there as one of them. */
export default function TenantsPage() {
  const { t } = useTranslation(['people', 'lists'])
  const { cursor } = useSearch({ from: '/shell/people/tenants' })
  const { data, error, refetch, isPlaceholderData } = useQuery(tenantPageQuery(undefined, cursor))
  const pages = usePages(cursor, data?.next_cursor)
  const canWrite = usePermission('tenant.write')
  const [open, setOpen] = useState<Open | null>(null)
  const columns = useColumns(setOpen)
  useTitle(t('tenants.title'))
  const close = () => setOpen(null)
  return (
    <ListScreen
      title={t('tenants.title')}
      actions={
        canWrite ? (
          <Button variant="primary" onClick={() => setOpen({ what: 'make' })}>
            <Plus aria-hidden size={16} strokeWidth={1.75} />
            {t('tenants.make')}
          </Button>
        ) : null
      }
      table={
        <DataTable
          label={t('tenants.title')}
          columns={columns}
          rows={data?.items}
          rowKey={({ id }) => String(id)}
          error={error}
          onRetry={() => void refetch()}
          isOutdated={isPlaceholderData}
          empty={
            <EmptyState icon={Building2} title={t('tenants.empty')}>
              {t('tenants.emptyBody')}
            </EmptyState>
          }
        />
      }
      pager={
        <Pager pages={pages}>
          {data ? t('lists:pager.shown', { count: data.items.length }) : null}
        </Pager>
      }
    >
      {open?.what === 'make' ? <MakeOperator onClose={close} /> : null}
      {open?.what === 'visit' ? <Visit tenant={open.tenant} onClose={close} /> : null}
      {open?.what === 'suspend' ? <Suspension tenant={open.tenant} onClose={close} /> : null}
    </ListScreen>
  )
}

function useColumns(onOpen: (open: Open) => void): Column<Tenant>[] {
  const { t } = useTranslation('people')
  const { zoneName } = useFormat()
  const canWrite = usePermission('tenant.write')
  const canVisit = usePermission('impersonate.use')
  return [
    {
      id: 'name',
      header: t('tenants.name'),
      minWidth: 180,
      cell: ({ name }) => <span className="font-medium">{name}</span>,
    },
    {
      id: 'kind',
      header: t('tenants.kind'),
      width: 112,
      cell: ({ kind }) => t(`tenants.of.${kind as 'operator' | 'customer' | 'carrier'}`),
    },
    {
      id: 'state',
      header: t('users.status'),
      width: 128,
      cell: ({ suspended_at }) => (
        <Badge tone={suspended_at ? 'warning' : 'success'}>
          {t(suspended_at ? 'state.suspended' : 'state.active')}
        </Badge>
      ),
    },
    {
      id: 'since',
      header: `${t('tenants.since')} ${zoneName}`,
      width: 176,
      align: 'end',
      cell: ({ created_at }) => <TimeCell at={created_at} />,
    },
    {
      id: 'actions',
      header: '',
      width: 208,
      align: 'end',
      cell: (tenant) => (
        <span className="inline-flex gap-1">
          {canVisit && !tenant.suspended_at ? (
            <Button
              size="toolbar"
              aria-label={t('visit.named', { name: tenant.name })}
              onClick={() => onOpen({ what: 'visit', tenant })}
            >
              {t('visit.button')}
            </Button>
          ) : null}
          {canWrite ? (
            <Button
              size="toolbar"
              variant="quiet"
              aria-label={t(tenant.suspended_at ? 'suspend.resumeNamed' : 'suspend.named', {
                name: tenant.name,
              })}
              onClick={() => onOpen({ what: 'suspend', tenant })}
            >
              {t(tenant.suspended_at ? 'suspend.resume' : 'suspend.button')}
            </Button>
          ) : null}
        </span>
      ),
    },
  ]
}

function MakeOperator({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(['people', 'common'])
  const client = useQueryClient()
  const form = useSmallForm({
    initial: { name: '' },
    required: ['name'],
    send: async ({ name }) => {
      await createOperator(name.trim())
      toast(t('tenants.made', { name: name.trim() }))
      await client.invalidateQueries({ queryKey: ['people', 'tenants'] })
      onClose()
    },
  })
  return (
    <FormDialog
      title={t('tenants.make')}
      closeLabel={t('common:close')}
      cancel={t('common:cancel')}
      submit={t('tenants.create')}
      isBusy={form.isBusy}
      width="narrow"
      onSubmit={form.submit}
      onClose={onClose}
    >
      <p className="text-ink-2">{t('tenants.makeLead')}</p>
      {form.error ? <ProblemNotice error={form.error} /> : null}
      <Field label={t('tenants.name')} error={form.faults.name}>
        {(control) => (
          <Input {...control} {...form.bind('name')} maxLength={100} autoComplete="off" />
        )}
      </Field>
    </FormDialog>
  )
}

interface OfTenantProps {
  tenant: Tenant
  onClose: () => void
}

/** Acting as somebody else is never silent: the reason is kept, and a banner says so. */
function Visit({ tenant, onClose }: OfTenantProps) {
  const { t } = useTranslation(['people', 'common'])
  const changeTenant = useChangeOfTenant()
  const form = useSmallForm({
    initial: { reason: '' },
    required: ['reason'],
    send: async ({ reason }) => {
      await changeTenant(await beginVisit(tenant.id, reason.trim()))
    },
  })
  return (
    <FormDialog
      title={t('visit.title', { name: tenant.name })}
      closeLabel={t('common:close')}
      cancel={t('common:cancel')}
      submit={form.isBusy ? t('visit.busy') : t('visit.button')}
      isBusy={form.isBusy}
      isDanger
      width="narrow"
      onSubmit={form.submit}
      onClose={onClose}
    >
      <p className="text-ink-2">{t('visit.lead')}</p>
      {form.error ? <ProblemNotice error={form.error} /> : null}
      <Field label={t('visit.reason')} help={t('visit.reasonHelp')} error={form.faults.reason}>
        {(control) => (
          <Input {...control} {...form.bind('reason')} maxLength={200} autoComplete="off" />
        )}
      </Field>
    </FormDialog>
  )
}

function Suspension({ tenant, onClose }: OfTenantProps) {
  const { t } = useTranslation('people')
  const client = useQueryClient()
  const isShut = tenant.suspended_at !== null && tenant.suspended_at !== undefined
  const change = useMutation({
    mutationFn: () => (isShut ? resumeTenant(tenant.id) : suspendTenant(tenant.id)),
    onSuccess: async () => {
      toast(t(isShut ? 'suspend.resumed' : 'suspend.done', { name: tenant.name }))
      onClose()
      await client.invalidateQueries({ queryKey: ['people', 'tenants'] })
    },
  })
  return (
    <ConfirmDialog
      title={t(isShut ? 'suspend.resumeTitle' : 'suspend.title', { name: tenant.name })}
      confirm={t(isShut ? 'suspend.resume' : 'suspend.button')}
      isDanger={!isShut}
      isBusy={change.isPending}
      error={change.error}
      onConfirm={() => change.mutate()}
      onClose={onClose}
    >
      <p>{t(isShut ? 'suspend.resumeBody' : 'suspend.body')}</p>
    </ConfirmDialog>
  )
}
