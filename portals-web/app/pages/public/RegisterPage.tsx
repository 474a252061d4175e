import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { DoorClosed, MailCheck } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { RegistrationOffer } from '~/api/__generated__/schema'
import { register, registrationOfferQuery } from '~/api/welcome'
import { ErrorNotice } from '~/components/ErrorNotice'
import { FormFailure } from '~/components/FormFailure'
import { EndState, PUBLIC_CARD, PublicFrame } from '~/components/PublicFrame'
import { SignInLink } from '~/components/SignInLink'
import { useSmallForm } from '~/hooks/use-small-form'
import { useTitle } from '~/hooks/use-title'
import { Button } from '~/ui/lib/Button'
import { Field, Input, Select } from '~/ui/lib/Field'
import { Segmented } from '~/ui/lib/Segmented'
import { Skeleton } from '~/ui/lib/Skeleton'
import { isEmail } from '~/util/email'
import { pb } from '~/util/path-builder'

/** Where a stranger asks for an account. */
export default function RegisterPage() {
  const { t } = useTranslation('welcome')
  const { data, error, refetch } = useQuery(registrationOfferQuery)
  const [sentTo, setSentTo] = useState<string | null>(null)
  useTitle(t('register.title'))
  if (sentTo !== null) {
    return (
      <PublicFrame title={t('register.title')}>
        <EndState icon={MailCheck} title={t('register.sentTitle')}>
          {t('register.sentBody', { email: sentTo })}
        </EndState>
      </PublicFrame>
    )
  }
  if (data?.registration === 'off') {
    return (
      <PublicFrame title={t('register.title')}>
        <EndState
          icon={DoorClosed}
          tone="warning"
          title={t('register.closedTitle')}
          action={<SignInLink />}
        >
          {t('register.closedBody')}
        </EndState>
      </PublicFrame>
    )
  }
  return (
    <PublicFrame title={t('register.title')} lead={t('register.lead')}>
      {data ? <Form offer={data} onSent={setSentTo} /> : null}
      {error && !data ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : null}
      {!data && !error ? <Skeleton className="mt-6 h-96 w-full max-w-88" /> : null}
      <p className="mt-4 text-ink-2">
        {t('register.haveOne')}{' '}
        <Link {...pb.signIn()} className="text-link underline underline-offset-2">
          {t('toSignIn')}
        </Link>
      </p>
    </PublicFrame>
  )
}

type Kind = 'customer' | 'carrier'

function Form({ offer, onSent }: { offer: RegistrationOffer; onSent: (email: string) => void }) {
  const { t } = useTranslation('welcome')
  const [kind, setKind] = useState<Kind>('customer')
  const hasCategory = kind === 'customer' && offer.categories.length > 0
  const form = useSmallForm({
    initial: { company: '', category: '', full_name: '', email: '' },
    required: ['company', 'full_name', 'email', ...(hasCategory ? (['category'] as const) : [])],
    check: ({ email }) => (isEmail(email) ? {} : { email: t('noEmail') }),
    send: async ({ category, ...rest }) => {
      await register({ ...rest, kind, category: hasCategory ? category : null })
      onSent(rest.email)
    },
  })
  const chosen = offer.categories.find(({ name }) => name === form.values.category)
  return (
    <form noValidate onSubmit={form.submit} className={PUBLIC_CARD}>
      <FormFailure error={form.error} />
      <div className="flex flex-col gap-1">
        <Segmented<Kind>
          label={t('register.kind')}
          value={kind}
          options={[
            { value: 'customer', label: t('register.customer') },
            { value: 'carrier', label: t('register.carrier') },
          ]}
          onChange={setKind}
        />
        <p className="text-meta text-ink-3">{t(`register.${kind}Help`)}</p>
      </div>
      {hasCategory ? (
        <Field
          label={t('register.category')}
          help={chosen?.description || undefined}
          error={form.faults.category}
        >
          {(control) => (
            <Select {...control} {...form.bind('category')}>
              <option value="">{t('register.chooseCategory')}</option>
              {offer.categories.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          )}
        </Field>
      ) : null}
      <Field label={t('register.company')} error={form.faults.company}>
        {(control) => (
          <Input
            {...control}
            {...form.bind('company')}
            autoComplete="organization"
            maxLength={100}
          />
        )}
      </Field>
      <Field label={t('fullName')} error={form.faults.full_name}>
        {(control) => (
          <Input {...control} {...form.bind('full_name')} autoComplete="name" maxLength={100} />
        )}
      </Field>
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
        {form.isBusy ? t('register.busy') : t('register.submit')}
      </Button>
    </form>
  )
}
