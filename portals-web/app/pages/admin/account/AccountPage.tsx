import { useMutation, useQueryClient } from '@tanstack/react-query'
import { LogOut } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { signOutEverywhere } from '~/api/account'
import { sessionQuery } from '~/api/queries'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { PageHeader } from '~/components/PageHeader'
import { PasswordForm } from '~/forms/password-form'
import { useTitle } from '~/hooks/use-title'
import { Button } from '~/ui/lib/Button'
import { Panel } from '~/ui/lib/Panel'

/** What a user may do about the own account. */
export default function AccountPage() {
  const { t } = useTranslation('account')
  useTitle(t('title'))
  return (
    <>
      <PageHeader title={t('title')} />
      <div className="flex max-w-160 flex-col gap-4 p-5">
        <Panel title={t('password.title')}>
          <PasswordForm />
        </Panel>
        <Panel title={t('sessions.title')}>
          <Everywhere />
        </Panel>
      </div>
    </>
  )
}

function Everywhere() {
  const { t } = useTranslation('account')
  const client = useQueryClient()
  const [isAsking, setAsking] = useState(false)
  const ending = useMutation({
    mutationFn: signOutEverywhere,
    // The shell leads to the sign-in page.
    onSuccess: () => client.setQueryData(sessionQuery.queryKey, null),
  })
  return (
    <div className="flex flex-col items-start gap-3">
      <p className="text-ink-2">{t('sessions.lead')}</p>
      <Button variant="danger" onClick={() => setAsking(true)}>
        <LogOut aria-hidden size={16} strokeWidth={1.75} />
        {t('sessions.button')}
      </Button>
      {isAsking ? (
        <ConfirmDialog
          title={t('sessions.confirmTitle')}
          confirm={t('sessions.button')}
          isDanger
          isBusy={ending.isPending}
          error={ending.error}
          onConfirm={() => ending.mutate()}
          onClose={() => setAsking(false)}
        >
          <p>{t('sessions.confirmBody')}</p>
        </ConfirmDialog>
      ) : null}
    </div>
  )
}
