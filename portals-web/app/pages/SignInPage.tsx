import { useQueryClient } from '@tanstack/react-query'
import { useRouter, useSearch } from '@tanstack/react-router'
import { CircleAlert, Eye, EyeOff } from 'lucide-react'
import { type SubmitEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Session } from '~/api/__generated__/schema'
import { sendSecondFactor, sessionQuery, signIn } from '~/api/queries'
import { useErrorText } from '~/hooks/use-error-text'
import { useTitle } from '~/hooks/use-title'
import { Logo } from '~/components/Logo'
import { Button } from '~/ui/lib/Button'
import { Field, Input } from '~/ui/lib/Field'
import { IconButton } from '~/ui/lib/IconButton'
import { TooltipProvider } from '~/ui/lib/Tooltip'
import { pb } from '~/util/path-builder'

export default function SignInPage() {
  const { t } = useTranslation('signIn')
  useTitle(t('title'))
  return (
    <TooltipProvider delayDuration={400}>
      <main className="flex min-h-full flex-col items-center px-4 pt-[18vh] pb-16">
        <Logo size={40} />
        <h1 className="mt-5 text-page font-semibold tracking-[-0.01em]">{t('lead')}</h1>
        <SignInForm />
      </main>
    </TooltipProvider>
  )
}

const FORM =
  'mt-6 flex w-full max-w-88 flex-col gap-4 rounded-panel border border-line bg-surface p-6'

function SignInForm() {
  const { t } = useTranslation('signIn')
  const { username, password, show, setShow, busy, error, missing, bind, submit, token, restart } =
    useSignIn()
  if (token) return <SecondFactorForm token={token} onRestart={restart} />
  return (
    <form noValidate onSubmit={submit} className={FORM}>
      <Failure error={error} />
      <Field label={t('username')} error={missing && !username ? t('required') : undefined}>
        {(control) => (
          <Input
            {...control}
            {...bind('username')}
            value={username}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={64}
          />
        )}
      </Field>
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
      <Button type="submit" variant="primary" size="form" disabled={busy} className="mt-1">
        {busy ? t('busy') : t('submit')}
      </Button>
    </form>
  )
}

function Failure({ error }: { error: unknown }) {
  const errorText = useErrorText()
  if (!error) return null
  return (
    <p
      role="alert"
      className="flex items-start gap-2 rounded-control bg-badge-danger-bg px-3 py-2 text-badge-danger"
    >
      <CircleAlert aria-hidden size={16} strokeWidth={1.75} className="mt-0.5 shrink-0" />
      <span>
        <span className="font-medium">{errorText(error).title}</span>
        <span className="block">{errorText(error).advice}</span>
      </span>
    </p>
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
    <form noValidate onSubmit={(event: SubmitEvent) => void submit(event)} className={FORM}>
      <Failure error={error} />
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
    else await router.navigate({ ...pb.live(), replace: true })
  }
}

function useSignIn() {
  const enter = useEnter()
  const [token, setToken] = useState<string | null>(null)
  const [values, setValues] = useState({ username: '', password: '' })
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
      const session = await signIn(values.username, values.password)
      if ('sign_in_token' in session) setToken(session.sign_in_token)
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
    token,
    restart: () => {
      setToken(null)
      setValues(({ username }) => ({ username, password: '' }))
    },
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
