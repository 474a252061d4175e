import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { errorCode } from '~/api/errors'
import { sessionQuery } from '~/api/queries'
import { acceptInvitation } from '~/api/welcome'
import { FormFailure } from '~/components/FormFailure'
import { PUBLIC_CARD, PublicFrame } from '~/components/PublicFrame'
import { SignInLink } from '~/components/SignInLink'
import { TokenGate } from '~/components/TokenGate'
import { NewPasswordField } from '~/forms/new-password-field'
import { usePasswordCheck } from '~/hooks/use-password-check'
import { useSmallForm } from '~/hooks/use-small-form'
import { useTitle } from '~/hooks/use-title'
import { Button } from '~/ui/lib/Button'
import { Field, Input } from '~/ui/lib/Field'
import { pb } from '~/util/path-builder'

/** Where an invitation's mail leads to: a name, a password, and in. */
export default function InvitationPage() {
  const { t } = useTranslation('welcome')
  const [isStale, setStale] = useState(false)
  useTitle(t('invitation.title'))
  return (
    <PublicFrame title={t('invitation.title')} lead={isStale ? undefined : t('invitation.lead')}>
      <TokenGate isStale={isStale} stale={t('invitation.stale')} action={<SignInLink />}>
        {(token) => <Form token={token} onStale={() => setStale(true)} />}
      </TokenGate>
    </PublicFrame>
  )
}

function Form({ token, onStale }: { token: string; onStale: () => void }) {
  const { t } = useTranslation('welcome')
  const client = useQueryClient()
  const router = useRouter()
  const check = usePasswordCheck()
  const form = useSmallForm({
    initial: { full_name: '', password: '' },
    required: ['full_name', 'password'],
    check: ({ full_name, password }) => check('password', password, [full_name]),
    send: async ({ full_name, password }) => {
      try {
        const session = await acceptInvitation({ token, full_name: full_name.trim(), password })
        client.setQueryData(sessionQuery.queryKey, session)
      } catch (error) {
        if (errorCode(error) === 'stale-token') onStale()
        throw error
      }
      await router.navigate({ ...pb.home(), replace: true })
    },
  })
  return (
    <form noValidate onSubmit={form.submit} className={PUBLIC_CARD}>
      <FormFailure error={form.error} conflict={t('invitation.taken')} />
      <Field label={t('fullName')} error={form.faults.full_name}>
        {(control) => (
          <Input {...control} {...form.bind('full_name')} autoComplete="name" maxLength={100} />
        )}
      </Field>
      <NewPasswordField
        {...form.bind('password')}
        error={form.faults.password}
        ownWords={[form.values.full_name]}
      />
      <Button type="submit" variant="primary" size="form" disabled={form.isBusy}>
        {form.isBusy ? t('invitation.busy') : t('invitation.submit')}
      </Button>
    </form>
  )
}
