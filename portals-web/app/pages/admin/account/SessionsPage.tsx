import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import type { SessionEntry, SignInEntry } from '~/api/__generated__/schema'
import { ownSignInsQuery, revokeSession, sessionsQuery } from '~/api/security'
import { ErrorNotice } from '~/components/ErrorNotice'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useFormat } from '~/hooks/use-format'
import { useMethodName, useOutcomeName } from '~/hooks/use-sign-in-words'
import { toast } from '~/stores/toasts'
import { Badge } from '~/ui/lib/Badge'
import { Button } from '~/ui/lib/Button'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { Skeleton } from '~/ui/lib/Skeleton'
import { browserName } from '~/util/browser-name'
import { NO_VALUE } from '~/util/money'

import { AccountTabs } from './AccountTabs'
import { SignOutEverywhere } from './SignOutEverywhere'

/** Where the user is signed in, and where somebody tried to. */
export default function SessionsPage() {
  const { t } = useTranslation('account')
  const sessions = useQuery(sessionsQuery)
  const signIns = useQuery(ownSignInsQuery)
  return (
    <>
      <AccountTabs active="sessions" />
      <div className="flex max-w-300 flex-col gap-4 p-5">
        <Panel title={t('sessions.listTitle')} padded={false}>
          {sessions.data ? <Sessions rows={sessions.data} /> : null}
          {sessions.error && !sessions.data ? (
            <ErrorNotice error={sessions.error} onRetry={() => void sessions.refetch()} />
          ) : null}
          {sessions.isPending ? <Skeleton className="m-4 h-24" /> : null}
        </Panel>
        <Panel title={t('sessions.title')}>
          <SignOutEverywhere />
        </Panel>
        <Panel title={t('signIns.title')} padded={false}>
          {signIns.data ? <SignIns rows={signIns.data} /> : null}
          {signIns.error && !signIns.data ? (
            <ErrorNotice error={signIns.error} onRetry={() => void signIns.refetch()} />
          ) : null}
          {signIns.isPending ? <Skeleton className="m-4 h-24" /> : null}
        </Panel>
      </div>
    </>
  )
}

function Sessions({ rows }: { rows: readonly SessionEntry[] }) {
  const { t } = useTranslation('account')
  const format = useFormat()
  const method = useMethodName()
  const client = useQueryClient()
  const ending = useMutation({
    mutationFn: ({ id }: SessionEntry) => revokeSession(id),
    onSuccess: async () => {
      toast(t('sessions.ended'))
      await client.invalidateQueries({ queryKey: ['account', 'sessions'] })
    },
  })
  return (
    <>
      {ending.error ? <ProblemNotice error={ending.error} /> : null}
      <PlainTable
        label={t('sessions.listTitle')}
        rows={rows}
        rowKey={({ id }) => id}
        columns={[
          {
            id: 'browser',
            header: t('sessions.browser'),
            cell: ({ user_agent, current, visiting }) => (
              <span className="flex items-center gap-2" title={user_agent}>
                {browserName(user_agent) ?? t('sessions.unknownBrowser')}
                {current ? <Badge tone="success">{t('sessions.current')}</Badge> : null}
                {visiting ? <Badge tone="danger">{t('sessions.visiting')}</Badge> : null}
              </span>
            ),
          },
          { id: 'address', header: t('sessions.address'), cell: (row) => row.address ?? NO_VALUE },
          { id: 'method', header: t('sessions.method'), cell: (row) => method(row.method) },
          {
            id: 'used',
            header: `${t('sessions.used')} ${format.zoneName}`,
            cell: ({ last_used_at }) => format.dateTime(last_used_at),
          },
          {
            id: 'expires',
            header: t('sessions.expires'),
            cell: ({ expires_at }) => format.dateTime(expires_at),
          },
          {
            id: 'actions',
            header: '',
            align: 'end',
            cell: (row) =>
              row.current ? null : (
                <Button
                  size="toolbar"
                  disabled={ending.isPending}
                  aria-label={t('sessions.endNamed', {
                    browser: browserName(row.user_agent) ?? t('sessions.unknownBrowser'),
                  })}
                  onClick={() => ending.mutate(row)}
                >
                  {t('sessions.end')}
                </Button>
              ),
          },
        ]}
      />
    </>
  )
}

function SignIns({ rows }: { rows: readonly SignInEntry[] }) {
  const { t } = useTranslation('account')
  const format = useFormat()
  const method = useMethodName()
  const outcome = useOutcomeName()
  return (
    <PlainTable
      label={t('signIns.title')}
      rows={rows}
      rowKey={({ at, outcome: what }) => `${at} ${what}`}
      columns={[
        {
          id: 'at',
          header: `${t('signIns.at')} ${format.zoneName}`,
          cell: ({ at }) => format.dateTime(at),
        },
        {
          id: 'outcome',
          header: t('signIns.outcome'),
          cell: (row) => (
            <span className="flex items-center gap-2">
              <Badge tone={row.outcome === 'signed_in' ? 'success' : 'danger'}>
                {outcome(row.outcome)}
              </Badge>
              {row.new_device ? <Badge tone="warning">{t('signIns.newDevice')}</Badge> : null}
            </span>
          ),
        },
        { id: 'method', header: t('sessions.method'), cell: (row) => method(row.method) },
        { id: 'address', header: t('sessions.address'), cell: (row) => row.address ?? NO_VALUE },
        {
          id: 'browser',
          header: t('sessions.browser'),
          cell: ({ user_agent }) => browserName(user_agent) ?? t('sessions.unknownBrowser'),
        },
      ]}
    />
  )
}
