import { Link } from '@tanstack/react-router'
import { MailCheck } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { requestPasswordReset } from '~/api/welcome'
import { FormFailure } from '~/components/FormFailure'
import { EndState, PUBLIC_CARD, PublicFrame } from '~/components/PublicFrame'
import { SignInLink } from '~/components/SignInLink'
import { useSmallForm } from '~/hooks/use-small-form'
import { useTitle } from '~/hooks/use-title'
import { Button } from '~/ui/lib/Button'
import { Field, Input } from '~/ui/lib/Field'
import { isEmail } from '~/util/email'
import { pb } from '~/util/path-builder'

/** Asks for the mail with which another password is chosen. */
export default function ForgotPasswordPage() {
  const { t } = useTranslation('welcome')
  const [sentTo, setSentTo] = useState<string | null>(null)
  useTitle(t('forgot.title'))
  if (sentTo !== null) {
    return (
      <PublicFrame title={t('forgot.title')}>
        <EndState icon={MailCheck} title={t('forgot.sentTitle')} action={<SignInLink />}>
          {t('forgot.sentBody', { email: sentTo })}
        </EndState>
      </PublicFrame>
    )
  }
  return (
    <PublicFrame title={t('forgot.title')} lead={t('forgot.lead')}>
      <Form onSent={setSentTo} />
      <p className="mt-4">
        <Link {...pb.signIn()} className="text-link underline underline-offset-2">
          {t('forgot.back')}
        </Link>
      </p>
    </PublicFrame>
  )
}

function Form({ onSent }: { onSent: (email: string) => void }) {
  const { t } = useTranslation('welcome')
  const form = useSmallForm({
    initial: { email: '' },
    required: ['email'],
    check: ({ email }) => (isEmail(email) ? {} : { email: t('noEmail') }),
    send: async ({ email }) => {
      await requestPasswordReset(email.trim())
      onSent(email.trim())
    },
  })
  return (
    <form noValidate onSubmit={form.submit} className={PUBLIC_CARD}>
      <FormFailure error={form.error} />
      <Field label={t('email')} error={form.faults.email}>
        {(control) => (
          <Input
            {...control}
            {...form.bind('email')}
            type="email"
            autoComplete="email"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={254}
          />
        )}
      </Field>
      <Button type="submit" variant="primary" size="form" disabled={form.isBusy}>
        {form.isBusy ? t('forgot.busy') : t('forgot.submit')}
      </Button>
    </form>
  )
}
