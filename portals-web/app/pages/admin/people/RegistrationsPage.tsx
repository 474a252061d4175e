import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { Inbox } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { WaitingRegistration } from '~/api/__generated__/schema'
import { approveRegistration, refuseRegistration, registrationPageQuery } from '~/api/people'
import { namesQuery } from '~/api/resources'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { ListScreen } from '~/components/ListScreen'
import { Pager } from '~/components/Pager'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useFormat } from '~/hooks/use-format'
import { usePages } from '~/hooks/use-pages'
import { usePermission } from '~/hooks/use-permission'
import { useSmallForm } from '~/hooks/use-small-form'
import { useTitle } from '~/hooks/use-title'
import { toast } from '~/stores/toasts'
import { OptionalText } from '~/table/cells/OptionalText'
import { TimeCell } from '~/table/cells/TimeCell'
import { type Column, DataTable } from '~/table/DataTable'
import { Button } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Field, Select } from '~/ui/lib/Field'
import { FormDialog } from '~/ui/lib/FormDialog'

interface Open {
  what: 'approve' | 'refuse'
  row: WaitingRegistration
}

/** Strangers who proved their address and wait for an answer. */
export default function RegistrationsPage() {
  const { t } = useTranslation(['people', 'lists'])
  const { cursor } = useSearch({ from: '/shell/people/registrations' })
  const { data, error, refetch, isPlaceholderData } = useQuery(registrationPageQuery(cursor))
  const pages = usePages(cursor, data?.next_cursor)
  const [open, setOpen] = useState<Open | null>(null)
  const columns = useColumns(setOpen)
  useTitle(t('registrations.title'))
  const close = () => setOpen(null)
  return (
    <ListScreen
      title={t('registrations.title')}
      table={
        <DataTable
          label={t('registrations.title')}
          columns={columns}
          rows={data?.items}
          rowKey={({ id }) => String(id)}
          error={error}
          onRetry={() => void refetch()}
          isOutdated={isPlaceholderData}
          empty={
            <EmptyState icon={Inbox} title={t('registrations.empty')}>
              {t('registrations.emptyBody')}
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
      {open?.what === 'approve' ? <Approve row={open.row} onClose={close} /> : null}
      {open?.what === 'refuse' ? <Refuse row={open.row} onClose={close} /> : null}
    </ListScreen>
  )
}

function useColumns(onOpen: (open: Open) => void): Column<WaitingRegistration>[] {
  const { t } = useTranslation('people')
  const { zoneName } = useFormat()
  const canWrite = usePermission('user.write')
  return [
    {
      id: 'company',
      header: t('registrations.company'),
      minWidth: 140,
      cell: ({ company }) => <span className="font-medium">{company}</span>,
    },
    {
      id: 'kind',
      header: t('registrations.kind'),
      width: 96,
      cell: ({ kind }) => t(`invite.${kind}`),
    },
    {
      id: 'category',
      header: t('registrations.category'),
      width: 112,
      cell: ({ category }) => <OptionalText value={category} />,
    },
    { id: 'name', header: t('fullName'), minWidth: 120, cell: ({ full_name }) => full_name },
    { id: 'email', header: t('email'), minWidth: 160, cell: ({ email }) => email },
    {
      id: 'at',
      header: `${t('registrations.since')} ${zoneName}`,
      width: 176,
      align: 'end',
      cell: ({ created_at }) => <TimeCell at={created_at} />,
    },
    {
      id: 'actions',
      header: '',
      width: 176,
      align: 'end',
      cell: (row) =>
        canWrite ? (
          <span className="inline-flex gap-1">
            <Button
              size="toolbar"
              aria-label={t('registrations.approveNamed', { company: row.company })}
              onClick={() => onOpen({ what: 'approve', row })}
            >
              {t('registrations.approve')}
            </Button>
            <Button
              size="toolbar"
              variant="quiet"
              aria-label={t('registrations.refuseNamed', { company: row.company })}
              onClick={() => onOpen({ what: 'refuse', row })}
            >
              {t('registrations.refuse')}
            </Button>
          </span>
        ) : null,
    },
  ]
}

interface AnswerProps {
  row: WaitingRegistration
  onClose: () => void
}

/** For whom the account is: only the staff knows prices and limits, so the record is made first. */
function Approve({ row, onClose }: AnswerProps) {
  const { t } = useTranslation(['people', 'common'])
  const client = useQueryClient()
  const names = useQuery(namesQuery(row.kind === 'customer' ? 'customers' : 'carriers', '', 200))
  const form = useSmallForm({
    initial: { account: '' },
    required: ['account'],
    send: async ({ account }) => {
      await approveRegistration(row.id, account)
      toast(t('registrations.approved', { company: row.company }))
      await client.invalidateQueries({ queryKey: ['people', 'registrations'] })
      onClose()
    },
  })
  return (
    <FormDialog
      title={t('registrations.approveTitle', { company: row.company })}
      closeLabel={t('common:close')}
      cancel={t('common:cancel')}
      submit={t('registrations.approve')}
      isBusy={form.isBusy}
      width="narrow"
      onSubmit={form.submit}
      onClose={onClose}
    >
      <p className="text-ink-2">{t('registrations.approveLead', { name: row.full_name })}</p>
      {form.error ? <ProblemNotice error={form.error} /> : null}
      <Field
        label={t(`invite.${row.kind}`)}
        help={t('registrations.accountHelp')}
        error={form.faults.account}
      >
        {(control) => (
          <Select {...control} {...form.bind('account')}>
            <option value="">{t('choose')}</option>
            {(names.data ?? []).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        )}
      </Field>
    </FormDialog>
  )
}

function Refuse({ row, onClose }: AnswerProps) {
  const { t } = useTranslation('people')
  const client = useQueryClient()
  const refusal = useMutation({
    mutationFn: () => refuseRegistration(row.id),
    onSuccess: async () => {
      toast(t('registrations.refused', { company: row.company }))
      onClose()
      await client.invalidateQueries({ queryKey: ['people', 'registrations'] })
    },
  })
  return (
    <ConfirmDialog
      title={t('registrations.refuseTitle', { company: row.company })}
      confirm={t('registrations.refuse')}
      isDanger
      isBusy={refusal.isPending}
      error={refusal.error}
      onConfirm={() => refusal.mutate()}
      onClose={onClose}
    >
      <p>{t('registrations.refuseBody', { email: row.email })}</p>
    </ConfirmDialog>
  )
}
