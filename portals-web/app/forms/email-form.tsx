import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { accountQuery, changeEmail } from '~/api/security'
import { ErrorNotice } from '~/components/ErrorNotice'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useSmallForm } from '~/hooks/use-small-form'
import { Badge } from '~/ui/lib/Badge'
import { Button } from '~/ui/lib/Button'
import { Field, Input } from '~/ui/lib/Field'
import { Skeleton } from '~/ui/lib/Skeleton'
import { isEmail } from '~/util/email'
import { NO_VALUE } from '~/util/money'

/** Where mail goes. Another address counts once the link in a mail to it was used. */
export function EmailForm() {
  const { t } = useTranslation('account')
  const { data, error, refetch } = useQuery(accountQuery)
  const [sentTo, setSentTo] = useState<string | null>(null)
  const form = useSmallForm({
    initial: { email: '' },
    required: ['email'],
    check: ({ email }) => (isEmail(email) ? {} : { email: t('email.wrong') }),
    send: async ({ email }) => {
      await changeEmail(email.trim())
      setSentTo(email.trim())
    },
  })
  if (error && !data) return <ErrorNotice error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton className="h-28" />
  return (
    <form noValidate onSubmit={form.submit} className="flex max-w-100 flex-col gap-4">
      <p className="flex flex-wrap items-center gap-2">
        <span>{data.email ?? NO_VALUE}</span>
        {data.email ? (
          <Badge tone={data.email_verified ? 'success' : 'warning'}>
            {t(data.email_verified ? 'email.verified' : 'email.unverified')}
          </Badge>
        ) : null}
      </p>
      {form.error ? <ProblemNotice error={form.error} /> : null}
      <Field label={t('email.next')} help={t('email.help')} error={form.faults.email}>
        {(control) => (
          <Input
            {...control}
            {...form.bind('email')}
            type="email"
            autoComplete="email"
            maxLength={254}
          />
        )}
      </Field>
      {sentTo === null ? null : <p role="status">{t('email.sent', { email: sentTo })}</p>}
      <Button type="submit" size="form" disabled={form.isBusy} className="self-start">
        {form.isBusy ? t('email.busy') : t('email.submit')}
      </Button>
    </form>
  )
}
