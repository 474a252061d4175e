import { useMutation, useQueryClient } from '@tanstack/react-query'
import { LogOut } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { signOutEverywhere } from '~/api/account'
import { sessionQuery } from '~/api/queries'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { Button } from '~/ui/lib/Button'

/** Ends all sessions of the user, this one too. */
export function SignOutEverywhere() {
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
