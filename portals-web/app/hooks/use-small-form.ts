import { type SubmitEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { ApiError } from '~/api/errors'

export type FormFaults<Name extends string> = Partial<Record<Name, string>>

export interface SmallFormOptions<Name extends string> {
  initial: Record<Name, string>
  /** Fields that must not stay empty. */
  required?: readonly NoInfer<Name>[]
  /** What else is wrong, before anything is sent. */
  check?: (values: Record<Name, string>) => FormFaults<NoInfer<Name>>
  /** Sends it; throws what speaks against it. */
  send: (values: Record<Name, string>) => Promise<void>
  /** Faults that an answer means without naming a field. */
  faultsOf?: (error: unknown) => FormFaults<NoInfer<Name>>
}

export interface SmallForm<Name extends string> {
  values: Record<Name, string>
  faults: FormFaults<Name>
  /** What went wrong and belongs to no field. */
  error: unknown
  isBusy: boolean
  set: (name: Name, value: string) => void
  submit: (event: SubmitEvent<HTMLFormElement>) => void
  bind: (name: Name) => {
    name: Name
    value: string
    onChange: (event: { target: { value: string } }) => void
  }
}

/**
 * A form of a few texts. Empty and wrong fields are told at the field, the first of them gets the
 * focus, and the answer's faults go to the fields that they name.
 */
export function useSmallForm<Name extends string>(
  options: SmallFormOptions<Name>,
): SmallForm<Name> {
  const { initial, required = [], check, send, faultsOf } = options
  const { t } = useTranslation()
  const [values, setValues] = useState(initial)
  const [faults, setFaults] = useState<FormFaults<Name>>({})
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const formRef = useRef<HTMLFormElement>(null)
  const names = Object.keys(initial) as Name[]

  const show = (found: FormFaults<Name>) => {
    setFaults(found)
    const first = names.find((name) => found[name] !== undefined)
    if (first) formRef.current?.querySelector<HTMLElement>(`[name="${first}"]`)?.focus()
    return first !== undefined
  }
  const find = (): FormFaults<Name> => {
    const empty = required.filter((name) => values[name].trim() === '')
    const missing = empty.map((name) => [name, t('required')] as const)
    return { ...check?.(values), ...(Object.fromEntries(missing) as FormFaults<Name>) }
  }
  const submit = async () => {
    if (isBusy) return
    setError(null)
    if (show(find())) return
    setBusy(true)
    try {
      await send(values)
    } catch (failure) {
      const hasPlace = show({ ...faultsOfFields(failure, names), ...faultsOf?.(failure) })
      if (!hasPlace) setError(failure)
    } finally {
      setBusy(false)
    }
  }
  const set = (name: Name, value: string) => {
    setValues((before) => ({ ...before, [name]: value }))
    setFaults((before) => ({ ...before, [name]: undefined }))
  }

  return {
    values,
    faults,
    error,
    isBusy,
    set,
    submit: (event) => {
      event.preventDefault()
      formRef.current = event.currentTarget
      void submit()
    },
    bind: (name) => ({
      name,
      value: values[name],
      onChange: (event) => set(name, event.target.value),
    }),
  }
}

function faultsOfFields<Name extends string>(
  error: unknown,
  names: readonly Name[],
): FormFaults<Name> {
  const found: FormFaults<Name> = {}
  for (const { field, message } of error instanceof ApiError ? error.fieldErrors : []) {
    const name = names.find((each) => each === field)
    if (name) found[name] = message
  }
  return found
}
