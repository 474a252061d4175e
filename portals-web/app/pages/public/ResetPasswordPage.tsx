import { Link } from '@tanstack/react-router'
import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { errorCode } from '~/api/errors'
import { completePasswordReset } from '~/api/welcome'
import { FormFailure } from '~/components/FormFailure'
import { EndState, PUBLIC_CARD, PublicFrame } from '~/components/PublicFrame'
import { SignInLink } from '~/components/SignInLink'
import { TokenGate } from '~/components/TokenGate'
import { NewPasswordField } from '~/forms/new-password-field'
import { usePasswordCheck } from '~/hooks/use-password-check'
import { useSmallForm } from '~/hooks/use-small-form'
import { useTitle } from '~/hooks/use-title'
import { Button, buttonClass } from '~/ui/lib/Button'
import { pb } from '~/util/path-builder'

type Outcome = 'asked' | 'stale' | 'done'

/** Where the mail to somebody who forgot the password leads to. */
export default function ResetPasswordPage() {
  const { t } = useTranslation('welcome')
  const [outcome, setOutcome] = useState<Outcome>('asked')
  const title = t('reset.title')
  useTitle(title)
  if (outcome === 'done') {
    return (
      <PublicFrame title={t('reset.doneTitle')}>
        <EndState
          icon={KeyRound}
          title={t('reset.doneTitle')}
          action={<SignInLink variant="primary" />}
        >
          {t('reset.doneBody')}
        </EndState>
      </PublicFrame>
    )
  }
  return (
    <PublicFrame title={title} lead={outcome === 'asked' ? t('reset.lead') : undefined}>
      <TokenGate
        isStale={outcome === 'stale'}
        stale={t('reset.stale')}
        action={
          <Link {...pb.forgotPassword()} className={buttonClass('secondary', 'form')}>
            {t('reset.again')}
          </Link>
        }
      >
        {(token) => <Form token={token} onOutcome={setOutcome} />}
      </TokenGate>
    </PublicFrame>
  )
}

function Form({ token, onOutcome }: { token: string; onOutcome: (outcome: Outcome) => void }) {
  const { t } = useTranslation('welcome')
  const check = usePasswordCheck()
  const form = useSmallForm({
    initial: { new_password: '' },
    required: ['new_password'],
    check: ({ new_password }) => check('new_password', new_password),
    send: async ({ new_password }) => {
      try {
        await completePasswordReset(token, new_password)
        onOutcome('done')
      } catch (error) {
        if (errorCode(error) === 'stale-token') onOutcome('stale')
        throw error
      }
    },
  })
  return (
    <form noValidate onSubmit={form.submit} className={PUBLIC_CARD}>
      <FormFailure error={form.error} />
      <NewPasswordField {...form.bind('new_password')} error={form.faults.new_password} />
      <Button type="submit" variant="primary" size="form" disabled={form.isBusy}>
        {form.isBusy ? t('reset.busy') : t('reset.submit')}
      </Button>
    </form>
  )
}
