import { type ComponentProps, type SubmitEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Button } from '~/ui/lib/Button'
import { Field, Input } from '~/ui/lib/Field'
import { Segmented } from '~/ui/lib/Segmented'
import { toDialString } from '~/util/e164'
import type { ExplainSearch } from '~/util/searches'

import { NamePicker } from './spec/ReferenceInput'

export interface ExplainFormProps {
  search: ExplainSearch
  onSubmit: (search: ExplainSearch) => void
}

type Caller = 'customer' | 'source'
type FieldName = 'from' | 'to' | Caller
type FieldErrors = Partial<Record<FieldName, 'required' | 'invalidNumber'>>

export function ExplainForm({ search, onSubmit }: ExplainFormProps) {
  const { t } = useTranslation('explain')
  const [customer, setCustomer] = useState(search.customer ?? '')
  const [caller, setCaller] = useState<Caller>(search.source ? 'source' : 'customer')
  const [errors, setErrors] = useState<FieldErrors>({})
  const formRef = useRef<HTMLFormElement>(null)
  const errorOf = (name: FieldName) => {
    const error = errors[name]
    return error && t(`form.${error}`)
  }

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const values = read(event.currentTarget, caller)
    const found = validate(values, caller)
    setErrors(found)
    const [first] = Object.keys(found)
    if (first) formRef.current?.querySelector<HTMLElement>(`[name="${first}"]`)?.focus()
    else onSubmit(values)
  }

  return (
    <form ref={formRef} noValidate onSubmit={submit} className="flex flex-col gap-4">
      <Field label={t('form.from')} help={t('form.fromHelp')} error={errorOf('from')}>
        {(control) => <NumberInput {...control} name="from" defaultValue={search.from} />}
      </Field>
      <Field label={t('form.to')} help={t('form.toHelp')} error={errorOf('to')}>
        {(control) => <NumberInput {...control} name="to" defaultValue={search.to} />}
      </Field>
      <Segmented
        label={t('form.caller')}
        value={caller}
        options={[
          { value: 'customer', label: t('form.byCustomer') },
          { value: 'source', label: t('form.bySource') },
        ]}
        onChange={setCaller}
      />
      {caller === 'customer' ? (
        <Field label={t('form.customer')} error={errorOf('customer')}>
          {(control) => (
            <NamePicker
              {...control}
              kind="customer"
              name="customer"
              listLabel={t('form.customer')}
              placeholder={t('form.choose')}
              value={customer}
              onChange={setCustomer}
            />
          )}
        </Field>
      ) : (
        <Field label={t('form.source')} error={errorOf('source')}>
          {(control) => (
            <Input
              {...control}
              name="source"
              defaultValue={search.source}
              placeholder="192.0.2.10"
              autoComplete="off"
              className="font-mono"
            />
          )}
        </Field>
      )}
      <Button type="submit" variant="primary" size="form">
        {t('form.submit')}
      </Button>
    </form>
  )
}

function NumberInput(props: ComponentProps<'input'>) {
  return <Input inputMode="tel" autoComplete="off" maxLength={32} {...props} />
}

function read(form: HTMLFormElement, caller: Caller): ExplainSearch {
  const fields = new FormData(form)
  const value = (name: FieldName) => {
    const found = fields.get(name)
    return typeof found === 'string' ? found.trim() : ''
  }
  return {
    // A calling number may be a name (`anonymous`); only a called number must be digits.
    from: value('from').replace(/^\+/, ''),
    to: toDialString(value('to')),
    [caller]: value(caller),
  }
}

function validate(values: ExplainSearch, caller: Caller): FieldErrors {
  const errors: FieldErrors = {}
  if (!values.from) errors.from = 'required'
  if (!values.to) errors.to = 'required'
  else if (!/^\d+$/.test(values.to)) errors.to = 'invalidNumber'
  if (!values[caller]) errors[caller] = 'required'
  return errors
}
