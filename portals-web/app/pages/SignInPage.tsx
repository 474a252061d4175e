import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useRouter, useSearch } from '@tanstack/react-router'
import { Eye, EyeOff, KeyRound } from 'lucide-react'
import { type SubmitEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Session } from '~/api/__generated__/schema'
import { CAN_PASSKEY, signInByPasskey } from '~/api/passkeys'
import { sendSecondFactor, sessionQuery, signIn } from '~/api/queries'
import { registrationOfferQuery } from '~/api/welcome'
import { FormFailure } from '~/components/FormFailure'
import { PUBLIC_CARD, PublicFrame } from '~/components/PublicFrame'
import { useTitle } from '~/hooks/use-title'
import { Button } from '~/ui/lib/Button'
import { Checkbox, Field, Input } from '~/ui/lib/Field'
import { IconButton } from '~/ui/lib/IconButton'
import { pb } from '~/util/path-builder'

export default function SignInPage() {
  const { t } = useTranslation('signIn')
  const [token, setToken] = useState<string | null>(null)
  useTitle(t('title'))
  return (
    <PublicFrame title={t('lead')}>
      {token ? (
        <SecondFactorForm token={token} onRestart={() => setToken(null)} />
      ) : (
        <>
          <SignInForm onSecondFactor={setToken} />
          <RegisterLink />
        </>
      )}
    </PublicFrame>
  )
}

const LINK = 'text-link underline underline-offset-2'

/** Only where strangers may ask for an account. */
function RegisterLink() {
  const { t } = useTranslation('signIn')
  const { data } = useQuery(registrationOfferQuery)
  if (data?.registration !== 'approval') return null
  return (
    <p className="mt-4 text-ink-2">
      {t('noAccount')}{' '}
      <Link {...pb.register()} className={LINK}>
        {t('register')}
      </Link>
    </p>
  )
}

function SignInForm({ onSecondFactor }: { onSecondFactor: (token: string) => void }) {
  const { t } = useTranslation('signIn')
  const form = useSignIn(onSecondFactor)
  const { username, password, show, setShow, busy, missing, bind, submit } = form
  const enter = useEnter()
  const passkey = useMutation({
    mutationFn: async () => enter(await signInByPasskey(form.remember)),
  })
  return (
    <form noValidate onSubmit={submit} className={PUBLIC_CARD}>
      <FormFailure error={form.error ?? passkey.error} />
      <Field label={t('username')} error={missing && !username ? t('required') : undefined}>
        {(control) => (
          <Input
            {...control}
            {...bind('username')}
            value={username}
            autoComplete="username webauthn"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={256}
          />
        )}
      </Field>
      <div className="flex flex-col gap-1.5">
        <Field label={t('password')} error={missing && !password ? t('required') : undefined}>
          {(control) => (
            <span className="relative">
              <Input
                {...control}
                {...bind('password')}
                value={password}
                type={show ? 'text' : 'password'}
                autoComplete="current-password"
                maxLength={256}
                className="pe-10"
              />
              <IconButton
                icon={show ? EyeOff : Eye}
                label={show ? t('hide') : t('show')}
                className="absolute end-0.5 top-0.5"
                onClick={() => setShow(!show)}
              />
            </span>
          )}
        </Field>
        <Link {...pb.forgotPassword()} className={`self-end text-meta ${LINK}`}>
          {t('forgot')}
        </Link>
      </div>
      <label className="flex min-h-6 cursor-pointer items-center gap-2">
        <Checkbox
          checked={form.remember}
          onChange={(event) => form.setRemember(event.target.checked)}
        />
        {t('remember')}
      </label>
      <Button type="submit" variant="primary" size="form" disabled={busy}>
        {busy ? t('busy') : t('submit')}
      </Button>
      {CAN_PASSKEY ? (
        <>
          <p aria-hidden className="flex items-center gap-3 text-meta text-ink-3">
            <span className="h-px grow bg-line" />
            {t('or')}
            <span className="h-px grow bg-line" />
          </p>
          <Button size="form" disabled={passkey.isPending} onClick={() => passkey.mutate()}>
            <KeyRound aria-hidden size={16} strokeWidth={1.75} />
            {passkey.isPending ? t('passkeyBusy') : t('passkey')}
          </Button>
        </>
      ) : null}
    </form>
  )
}

/** The password was right; now the code of an app. */
function SecondFactorForm({ token, onRestart }: { token: string; onRestart: () => void }) {
  const { t } = useTranslation('signIn')
  const [code, setCode] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const input = useRef<HTMLInputElement>(null)
  const enter = useEnter()
  // What is asked for now takes the place of what had the focus.
  useEffect(() => input.current?.focus(), [])
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    if (busy || !code) return
    setBusy(true)
    setError(null)
    try {
      await enter(await sendSecondFactor(token, code))
    } catch (failure) {
      setError(failure)
      setCode('')
    } finally {
      setBusy(false)
    }
  }
  return (
    <form noValidate onSubmit={(event: SubmitEvent) => void submit(event)} className={PUBLIC_CARD}>
      <FormFailure error={error} />
      <p className="text-form text-ink-2">{t('codeHint')}</p>
      <Field label={t('code')}>
        {(control) => (
          <Input
            {...control}
            ref={input}
            name="code"
            value={code}
            onChange={(event) => setCode(event.target.value)}
            autoComplete="one-time-code"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={64}
          />
        )}
      </Field>
      <Button type="submit" variant="primary" size="form" disabled={busy || !code} className="mt-1">
        {busy ? t('busy') : t('confirm')}
      </Button>
      <Button type="button" size="form" onClick={onRestart}>
        {t('back')}
      </Button>
    </form>
  )
}

/** Into the console, with a session that has begun. */
function useEnter(): (session: Session) => Promise<void> {
  const client = useQueryClient()
  const router = useRouter()
  const { next } = useSearch({ from: '/sign-in' })
  return async (session) => {
    client.setQueryData(sessionQuery.queryKey, session)
    if (next) router.history.replace(next)
    else await router.navigate({ ...pb.home(), replace: true })
  }
}

function useSignIn(onSecondFactor: (token: string) => void) {
  const enter = useEnter()
  const [values, setValues] = useState({ username: '', password: '' })
  const [remember, setRemember] = useState(false)
  const [show, setShow] = useState(false)
  const [busy, setBusy] = useState(false)
  const [missing, setMissing] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const inputs = {
    username: useRef<HTMLInputElement>(null),
    password: useRef<HTMLInputElement>(null),
  }

  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    if (busy) return
    const firstEmpty = (['username', 'password'] as const).find((name) => !values[name])
    setMissing(firstEmpty !== undefined)
    if (firstEmpty) {
      inputs[firstEmpty].current?.focus()
      return
    }
    setBusy(true)
    setError(null)
    try {
      const session = await signIn(values.username, values.password, remember)
      if ('sign_in_token' in session) onSecondFactor(session.sign_in_token)
      else await enter(session)
    } catch (failure) {
      setError(failure)
      inputs.password.current?.select()
    } finally {
      setBusy(false)
    }
  }

  return {
    ...values,
    remember,
    setRemember,
    show,
    setShow,
    busy,
    error,
    missing,
    submit: (event: SubmitEvent) => void submit(event),
    bind: (name: 'username' | 'password') => ({
      ref: inputs[name],
      name,
      onChange: (event: { target: { value: string } }) =>
        setValues((before) => ({ ...before, [name]: event.target.value })),
    }),
  }
}
