import { Link } from '@tanstack/react-router'
import { MailCheck } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { errorCode } from '~/api/errors'
import { verifyRegistration } from '~/api/welcome'
import { FormFailure } from '~/components/FormFailure'
import { EndState, PUBLIC_CARD, PublicFrame } from '~/components/PublicFrame'
import { TokenGate } from '~/components/TokenGate'
import { NewPasswordField } from '~/forms/new-password-field'
import { usePasswordCheck } from '~/hooks/use-password-check'
import { useSmallForm } from '~/hooks/use-small-form'
import { useTitle } from '~/hooks/use-title'
import { Button, buttonClass } from '~/ui/lib/Button'
import { pb } from '~/util/path-builder'

type Outcome = 'asked' | 'stale' | 'done'

/** Where the mail to somebody who asked for an account leads to. */
export default function RegistrationPage() {
  const { t } = useTranslation('welcome')
  const [outcome, setOutcome] = useState<Outcome>('asked')
  const title = t('registration.title')
  useTitle(title)
  if (outcome === 'done') {
    return (
      <PublicFrame title={t('registration.doneTitle')}>
        <EndState icon={MailCheck} title={t('registration.doneTitle')}>
          {t('registration.doneBody')}
        </EndState>
      </PublicFrame>
    )
  }
  return (
    <PublicFrame title={title} lead={outcome === 'asked' ? t('registration.lead') : undefined}>
      <TokenGate
        isStale={outcome === 'stale'}
        stale={t('registration.stale')}
        action={
          <Link {...pb.register()} className={buttonClass('secondary', 'form')}>
            {t('registration.again')}
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
    initial: { password: '' },
    required: ['password'],
    check: ({ password }) => check('password', password),
    send: async ({ password }) => {
      try {
        await verifyRegistration(token, password)
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
      <NewPasswordField {...form.bind('password')} error={form.faults.password} />
      <Button type="submit" variant="primary" size="form" disabled={form.isBusy}>
        {form.isBusy ? t('registration.busy') : t('registration.submit')}
      </Button>
    </form>
  )
}
