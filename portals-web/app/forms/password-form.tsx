import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type SubmitEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { changePassword } from '~/api/account'
import { ApiError, errorCode } from '~/api/errors'
import { sessionQuery } from '~/api/queries'
import { ProblemNotice } from '~/components/ProblemNotice'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { Checkbox, Field, Input } from '~/ui/lib/Field'

const CHARACTERS_MIN = 12
const CHARACTERS_MAX = 256

type Name = 'current' | 'next' | 'repeat'
const NAMES: readonly Name[] = ['current', 'next', 'repeat']
const NOTHING: Record<Name, string> = { current: '', next: '', repeat: '' }
const COMPLETE = { current: 'current-password', next: 'new-password', repeat: 'new-password' }

/** A new password, with the present one as the proof of who asks. */
export function PasswordForm() {
  const { t } = useTranslation('account')
  const { values, faults, isShown, setShown, change, submit, formRef, edit } = usePasswordForm()
  return (
    <form ref={formRef} noValidate onSubmit={submit} className="flex max-w-100 flex-col gap-4">
      <p className="text-ink-2">{t('password.lead')}</p>
      {change.error && Object.values(faults).every((fault) => fault === undefined) ? (
        <ProblemNotice error={change.error} />
      ) : null}
      {NAMES.map((name) => (
        <Field
          key={name}
          label={t(`password.${name}`)}
          help={name === 'next' ? t('password.nextHelp') : undefined}
          error={faults[name]}
        >
          {(control) => (
            <Input
              {...control}
              name={name}
              type={isShown ? 'text' : 'password'}
              autoComplete={COMPLETE[name]}
              maxLength={CHARACTERS_MAX}
              value={values[name]}
              onChange={(event) => edit(name, event.target.value)}
            />
          )}
        </Field>
      ))}
      <label className="flex cursor-pointer items-center gap-2">
        <Checkbox checked={isShown} onChange={(event) => setShown(event.target.checked)} />
        {t('password.show')}
      </label>
      <Button
        type="submit"
        size="form"
        variant="primary"
        disabled={change.isPending}
        className="self-start"
      >
        {change.isPending ? t('password.saving') : t('password.save')}
      </Button>
    </form>
  )
}

function usePasswordForm() {
  const { t } = useTranslation('account')
  const client = useQueryClient()
  const formRef = useRef<HTMLFormElement>(null)
  const [values, setValues] = useState(NOTHING)
  const [isShown, setShown] = useState(false)
  const [faults, setFaults] = useState<Partial<Record<Name, string>>>({})
  const show = (found: Partial<Record<Name, string>>) => {
    setFaults(found)
    const first = NAMES.find((name) => found[name])
    if (first) formRef.current?.querySelector<HTMLElement>(`[name="${first}"]`)?.focus()
  }
  const change = useMutation({
    mutationFn: () =>
      changePassword({ current_password: values.current, new_password: values.next }),
    onSuccess: (session) => {
      client.setQueryData(sessionQuery.queryKey, session)
      setValues(NOTHING)
      toast(t('password.done'))
    },
    onError: (error) => {
      if (errorCode(error) === 'sign-in-refused') show({ current: t('password.currentWrong') })
      const fault = error instanceof ApiError ? error.fieldErrors[0] : undefined
      if (fault?.field === 'new_password') show({ next: fault.message })
    },
  })

  const check = (): Partial<Record<Name, string>> => {
    const empty = NAMES.filter((name) => values[name] === '')
    if (empty.length > 0) {
      return Object.fromEntries(empty.map((name) => [name, t('password.required')]))
    }
    if ([...values.next].length < CHARACTERS_MIN) return { next: t('password.tooShort') }
    return values.next === values.repeat ? {} : { repeat: t('password.different') }
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const found = check()
    show(found)
    if (Object.keys(found).length === 0 && !change.isPending) change.mutate()
  }
  const edit = (name: Name, value: string) => {
    setValues((before) => ({ ...before, [name]: value }))
    setFaults((before) => ({ ...before, [name]: undefined }))
  }
  return { values, faults, isShown, setShown, change, submit, formRef, edit }
}
