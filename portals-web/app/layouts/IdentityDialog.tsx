import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { sessionQuery } from '~/api/queries'
import { accountQuery, confirmIdentity } from '~/api/security'
import { FormFailure } from '~/components/FormFailure'
import { useSmallForm } from '~/hooks/use-small-form'
import { Field, Input } from '~/ui/lib/Field'
import { FormDialog } from '~/ui/lib/FormDialog'

/** Asks for the password again, before what must not be done by a browser that was left open. */
export function IdentityDialog({ onAnswer }: { onAnswer: (isConfirmed: boolean) => void }) {
  const { t } = useTranslation(['palette', 'common'])
  const client = useQueryClient()
  const { data } = useQuery(accountQuery)
  const hasApp = data?.second_factors.includes('totp') ?? false
  const form = useSmallForm({
    initial: { password: '', code: '' },
    required: hasApp ? ['password', 'code'] : ['password'],
    send: async ({ password, code }) => {
      const session = await confirmIdentity(password, code.replaceAll(/\s/g, ''))
      client.setQueryData(sessionQuery.queryKey, session)
      onAnswer(true)
    },
  })
  return (
    <FormDialog
      title={t('identity.title')}
      closeLabel={t('common:close')}
      cancel={t('common:cancel')}
      submit={form.isBusy ? t('identity.busy') : t('identity.confirm')}
      isBusy={form.isBusy}
      width="narrow"
      onSubmit={form.submit}
      onClose={() => onAnswer(false)}
    >
      <p className="text-ink-2">{t('identity.lead')}</p>
      <FormFailure error={form.error} />
      <Field label={t('identity.password')} error={form.faults.password}>
        {(control) => (
          <Input
            {...control}
            {...form.bind('password')}
            type="password"
            autoComplete="current-password"
            maxLength={256}
          />
        )}
      </Field>
      {hasApp ? (
        <Field label={t('identity.code')} error={form.faults.code}>
          {(control) => (
            <Input
              {...control}
              {...form.bind('code')}
              inputMode="numeric"
              autoComplete="one-time-code"
              maxLength={64}
            />
          )}
        </Field>
      ) : null}
    </FormDialog>
  )
}
