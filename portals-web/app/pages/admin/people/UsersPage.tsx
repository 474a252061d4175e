import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { UserPlus, Users } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { User } from '~/api/__generated__/schema'
import { userPageQuery } from '~/api/people'
import { FilterChip } from '~/components/FilterChip'
import { ListScreen } from '~/components/ListScreen'
import { Pager } from '~/components/Pager'
import { ChoiceEditor } from '~/forms/filter-editors'
import { InvitationForm } from '~/forms/invitation-form'
import { useDebounced } from '~/hooks/use-debounced'
import { useFormat } from '~/hooks/use-format'
import { usePages } from '~/hooks/use-pages'
import { usePermission } from '~/hooks/use-permission'
import { useRoleName } from '~/hooks/use-role-name'
import { useTitle } from '~/hooks/use-title'
import { OptionalText } from '~/table/cells/OptionalText'
import { TimeCell } from '~/table/cells/TimeCell'
import { type Column, DataTable } from '~/table/DataTable'
import { Badge } from '~/ui/lib/Badge'
import { Button } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Input } from '~/ui/lib/Field'
import { pb } from '~/util/path-builder'
import { USER_STATES, type UsersSearch } from '~/util/searches'

import { USER_TONES } from './tones'

/** Who may sign in. */
export default function UsersPage() {
  const { t } = useTranslation(['people', 'lists'])
  const search = useSearch({ from: '/shell/people/users' })
  const navigate = useNavigate({ from: '/people/users' })
  const [typed, setTyped] = useState('')
  const wanted = useDebounced(typed.trim())
  const { data, error, refetch, isPlaceholderData } = useQuery(
    userPageQuery({ search: wanted || undefined, status: search.status }, search.cursor),
  )
  const pages = usePages(search.cursor, data?.next_cursor)
  const columns = useColumns()
  const canInvite = usePermission('user.write')
  const [isInviting, setInviting] = useState(false)
  useTitle(t('users.title'))
  const change = (next: UsersSearch) =>
    void navigate({ search: (before) => ({ ...before, ...next, cursor: undefined }) })
  const isFiltered = wanted !== '' || search.status !== undefined
  return (
    <ListScreen
      title={t('users.title')}
      actions={
        canInvite ? (
          <Button variant="primary" onClick={() => setInviting(true)}>
            <UserPlus aria-hidden size={16} strokeWidth={1.75} />
            {t('invite.button')}
          </Button>
        ) : null
      }
      filters={
        <>
          <Input
            type="search"
            data-filter
            aria-label={t('users.search')}
            placeholder={t('users.search')}
            value={typed}
            maxLength={100}
            onChange={(event) => setTyped(event.target.value)}
            className="h-7! w-60! text-body!"
          />
          <FilterChip
            name={t('users.status')}
            value={search.status && t(`state.${search.status}`)}
            onClear={() => change({ status: undefined })}
          >
            {(close) => (
              <div className="p-2">
                <ChoiceEditor
                  label={t('users.status')}
                  options={USER_STATES.map((value) => ({ value, label: t(`state.${value}`) }))}
                  value={search.status}
                  onApply={(status) => {
                    change({ status })
                    close()
                  }}
                />
              </div>
            )}
          </FilterChip>
        </>
      }
      table={
        <DataTable
          label={t('users.title')}
          columns={columns}
          rows={data?.items}
          rowKey={({ id }) => String(id)}
          rowLink={({ id }) => pb.user(id)}
          error={error}
          onRetry={() => void refetch()}
          isOutdated={isPlaceholderData}
          empty={
            isFiltered ? (
              <EmptyState icon={Users} title={t('lists:noMatch')} />
            ) : (
              <EmptyState icon={Users} title={t('users.empty')}>
                {t('users.emptyBody')}
              </EmptyState>
            )
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
    </ListScreen>
  )
}

function useColumns(): Column<User>[] {
  const { t } = useTranslation('people')
  const { zoneName } = useFormat()
  const roleName = useRoleName()
  return [
    {
      id: 'name',
      header: t('username'),
      minWidth: 200,
      cell: ({ username }) => <span className="font-medium">{username}</span>,
    },
    { id: 'full', header: t('fullName'), minWidth: 140, cell: ({ full_name }) => full_name },
    { id: 'role', header: t('role'), width: 128, cell: ({ role }) => roleName(role) },
    {
      id: 'status',
      header: t('users.status'),
      width: 120,
      cell: ({ status }) => <Badge tone={USER_TONES[status]}>{t(`state.${status}`)}</Badge>,
    },
    {
      id: 'seen',
      header: `${t('users.lastSignIn')} ${zoneName}`,
      width: 176,
      align: 'end',
      cell: ({ last_sign_in_at }) =>
        last_sign_in_at ? <TimeCell at={last_sign_in_at} /> : <OptionalText value={null} />,
    },
  ]
}
