import { useQuery, useQueryClient } from '@tanstack/react-query'
import { ShieldAlert } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { sessionQuery } from '~/api/queries'
import { accountQuery } from '~/api/security'
import { ErrorNotice } from '~/components/ErrorNotice'
import { RecoveryCodes } from '~/components/RecoveryCodes'
import { Panel } from '~/ui/lib/Panel'
import { Skeleton } from '~/ui/lib/Skeleton'

import { AccountTabs } from './AccountTabs'
import { AuthenticatorPanel } from './AuthenticatorPanel'
import { PasskeysPanel } from './PasskeysPanel'
import { RecoveryPanel } from './RecoveryPanel'

/** What is asked for besides the password. */
export default function SecurityPage() {
  const { t } = useTranslation('account')
  const client = useQueryClient()
  const { data, error, refetch } = useQuery(accountQuery)
  const session = useQuery(sessionQuery)
  const [codes, setCodes] = useState<readonly string[]>([])
  const refresh = async (drawn: readonly string[]) => {
    setCodes(drawn)
    await client.invalidateQueries({ queryKey: ['account'] })
    // What one may do can hang on having a second factor.
    await client.invalidateQueries({ queryKey: sessionQuery.queryKey })
  }
  return (
    <>
      <AccountTabs active="security" />
      <div className="flex max-w-200 flex-col gap-4 p-5">
        {session.data?.second_factor_required ? (
          <p
            role="alert"
            className="flex items-center gap-2 rounded-control bg-badge-warning-bg px-3 py-2 text-badge-warning"
          >
            <ShieldAlert aria-hidden size={16} strokeWidth={1.75} className="shrink-0" />
            {t('factor.required')}
          </p>
        ) : null}
        {data ? (
          <>
            <AuthenticatorPanel
              isSetUp={data.second_factors.includes('totp')}
              onChanged={refresh}
            />
            <PasskeysPanel onChanged={refresh} />
            {data.second_factors.length > 0 ? (
              <RecoveryPanel left={data.recovery_codes_left} onChanged={refresh} />
            ) : null}
          </>
        ) : null}
        {error && !data ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : null}
        {!data && !error ? (
          <Panel title={t('totp.title')}>
            <Skeleton className="h-20" />
          </Panel>
        ) : null}
      </div>
      {codes.length > 0 ? <RecoveryCodes codes={codes} onClose={() => setCodes([])} /> : null}
    </>
  )
}
