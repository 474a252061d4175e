import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { MailPlus, UserPlus } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Invitation } from '~/api/__generated__/schema'
import { invitationPageQuery, withdrawInvitation } from '~/api/people'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { ListScreen } from '~/components/ListScreen'
import { Pager } from '~/components/Pager'
import { InvitationForm } from '~/forms/invitation-form'
import { useFormat } from '~/hooks/use-format'
import { usePages } from '~/hooks/use-pages'
import { usePermission } from '~/hooks/use-permission'
import { useRoleName } from '~/hooks/use-role-name'
import { useTitle } from '~/hooks/use-title'
import { toast } from '~/stores/toasts'
import { TimeCell } from '~/table/cells/TimeCell'
import { DataTable } from '~/table/DataTable'
import { Button } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'

/** Who was invited and has not come yet. */
export default function InvitationsPage() {
  const { t } = useTranslation(['people', 'lists'])
  const { zoneName } = useFormat()
  const roleName = useRoleName()
  const { cursor } = useSearch({ from: '/shell/people/invitations' })
  const { data, error, refetch, isPlaceholderData } = useQuery(invitationPageQuery(cursor))
  const pages = usePages(cursor, data?.next_cursor)
  const canWrite = usePermission('user.write')
  const [isInviting, setInviting] = useState(false)
  const [leaving, setLeaving] = useState<Invitation | null>(null)
  useTitle(t('invitations.title'))
  const create = canWrite ? (
    <Button variant="primary" onClick={() => setInviting(true)}>
      <UserPlus aria-hidden size={16} strokeWidth={1.75} />
      {t('invite.button')}
    </Button>
  ) : null
  return (
    <ListScreen
      title={t('invitations.title')}
      actions={create}
      table={
        <DataTable
          label={t('invitations.title')}
          columns={[
            { id: 'email', header: t('email'), minWidth: 200, cell: ({ email }) => email },
            { id: 'role', header: t('role'), width: 128, cell: ({ role }) => roleName(role) },
            {
              id: 'by',
              header: t('invitations.by'),
              minWidth: 120,
              cell: ({ invited_by }) => invited_by,
            },
            {
              id: 'until',
              header: `${t('invitations.until')} ${zoneName}`,
              width: 176,
              align: 'end',
              cell: ({ expires_at }) => <TimeCell at={expires_at} />,
            },
            {
              id: 'actions',
              header: '',
              width: 120,
              align: 'end',
              cell: (row: Invitation) =>
                canWrite ? (
                  <Button
                    size="toolbar"
                    aria-label={t('invitations.withdrawNamed', { email: row.email })}
                    onClick={() => setLeaving(row)}
                  >
                    {t('invitations.withdraw')}
                  </Button>
                ) : null,
            },
          ]}
          rows={data?.items}
          rowKey={({ id }) => String(id)}
          error={error}
          onRetry={() => void refetch()}
          isOutdated={isPlaceholderData}
          empty={
            <EmptyState icon={MailPlus} title={t('invitations.empty')} action={create}>
              {t('invitations.emptyBody')}
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
      {isInviting ? <InvitationForm onClose={() => setInviting(false)} /> : null}
      {leaving ? <Withdraw invitation={leaving} onClose={() => setLeaving(null)} /> : null}
    </ListScreen>
  )
}

function Withdraw({ invitation, onClose }: { invitation: Invitation; onClose: () => void }) {
  const { t } = useTranslation('people')
  const client = useQueryClient()
  const withdrawal = useMutation({
    mutationFn: () => withdrawInvitation(invitation.id),
    onSuccess: async () => {
      toast(t('invitations.withdrawn', { email: invitation.email }))
      onClose()
      await client.invalidateQueries({ queryKey: ['people', 'invitations'] })
    },
  })
  return (
    <ConfirmDialog
      title={t('invitations.withdrawTitle', { email: invitation.email })}
      confirm={t('invitations.withdraw')}
      isDanger
      isBusy={withdrawal.isPending}
      error={withdrawal.error}
      onConfirm={() => withdrawal.mutate()}
      onClose={onClose}
    >
      <p>{t('invitations.withdrawBody')}</p>
    </ConfirmDialog>
  )
}
