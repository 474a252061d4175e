import { Check } from 'lucide-react'
import { type SubmitEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useFormat } from '~/hooks/use-format'
import { Button } from '~/ui/lib/Button'
import { Field, Input } from '~/ui/lib/Field'
import { toDialString } from '~/util/e164'
import { type Span, SPAN_NAMES } from '~/util/searches'
import { fromInputValue, toInputValue } from '~/util/time'

interface ChoiceProps<T extends string> {
  label: string
  options: readonly { value: T; label: string }[]
  value: T | undefined
  onApply: (value: T) => void
}

/** One of a few known values; choosing is applying. */
export function ChoiceEditor<T extends string>({ label, options, value, onApply }: ChoiceProps<T>) {
  return (
    <ul aria-label={label} className="-m-2 flex max-h-72 flex-col overflow-y-auto">
      {options.map((option) => (
        <li key={option.value}>
          <button
            type="button"
            aria-pressed={option.value === value}
            onClick={() => onApply(option.value)}
            className="flex h-8 w-full items-center justify-between gap-2 rounded-control px-2 text-start hover:bg-hover focus-visible:outline-offset-[-2px]"
          >
            <span className="truncate">{option.label}</span>
            {option.value === value ? (
              <Check aria-hidden size={16} strokeWidth={1.75} className="text-link" />
            ) : null}
          </button>
        </li>
      ))}
    </ul>
  )
}

interface NameProps {
  label: string
  names: readonly string[]
  value: string | undefined
  /** Told with each letter, for finding further names. */
  onType?: (typed: string) => void
  onApply: (value: string) => void
}

/** A name that may be typed, because a record can hold one that has been removed since. */
export function NameEditor({ label, names, value, onType, onApply }: NameProps) {
  const { t } = useTranslation(['cdrs', 'common'])
  const [typed, setTyped] = useState(value ?? '')
  const matching = names.filter((name) => name.toLowerCase().includes(typed.trim().toLowerCase()))
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (typed.trim()) onApply(typed.trim())
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <div className="flex gap-2">
        <Input
          aria-label={label}
          placeholder={t('filter.anyValue')}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value)
            onType?.(event.target.value)
          }}
          autoComplete="off"
        />
        <Button type="submit" size="form" variant="primary">
          {t('common:apply')}
        </Button>
      </div>
      {matching.length > 0 ? (
        <div className="px-2 pb-2">
          <ChoiceEditor
            label={label}
            options={matching.map((name) => ({ value: name, label: name }))}
            value={value}
            onApply={onApply}
          />
        </div>
      ) : null}
    </form>
  )
}

interface PrefixProps {
  value: string | undefined
  onApply: (value: string) => void
}

export function PrefixEditor({ value, onApply }: PrefixProps) {
  const { t } = useTranslation(['cdrs', 'common'])
  const [typed, setTyped] = useState(value ?? '')
  const [isWrong, setWrong] = useState(false)
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const digits = toDialString(typed)
    setWrong(!/^\d+$/.test(digits))
    if (/^\d+$/.test(digits)) onApply(digits)
  }
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-3">
      <Field
        label={`${t('filter.called_prefix')} ${t('filter.startsWith')}`}
        help={t('filter.prefixHelp')}
        error={isWrong ? t('filter.prefixInvalid') : undefined}
      >
        {(control) => (
          <Input
            {...control}
            inputMode="tel"
            value={typed}
            maxLength={20}
            onChange={(event) => setTyped(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" size="form" variant="primary">
        {t('common:apply')}
      </Button>
    </form>
  )
}

export interface TimeRange {
  last?: Span | undefined
  from?: string | undefined
  to?: string | undefined
}

interface TimeProps {
  value: TimeRange
  onApply: (value: TimeRange) => void
}

export function TimeEditor({ value, onApply }: TimeProps) {
  const { t } = useTranslation(['cdrs', 'common'])
  const { zone, zoneName } = useFormat()
  const [from, setFrom] = useState(value.from ? toInputValue(value.from, zone) : '')
  const [to, setTo] = useState(value.to ? toInputValue(value.to, zone) : '')
  const [isWrong, setWrong] = useState(false)
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const range = {
      from: fromInputValue(from, zone) ?? undefined,
      to: fromInputValue(to, zone) ?? undefined,
    }
    const isEmpty = !range.from && !range.to
    const isBackward = range.from && range.to && range.from >= range.to
    setWrong(Boolean(isBackward))
    if (!isEmpty && !isBackward) onApply(range)
  }
  return (
    <div className="flex flex-col gap-3">
      <div className="px-2 pt-2">
        <ChoiceEditor
          label={t('filter.time')}
          options={SPAN_NAMES.map((span) => ({
            value: span,
            label: t('filter.last', { span: t(`filter.span.${span}`) }),
          }))}
          value={value.last}
          onApply={(last) => onApply({ last })}
        />
      </div>
      <form onSubmit={submit} noValidate className="flex flex-col gap-3 border-t border-line pt-3">
        <Field label={`${t('filter.from')} ${zoneName}`}>
          {(control) => (
            <Input
              {...control}
              type="datetime-local"
              value={from}
              onChange={(event) => setFrom(event.target.value)}
            />
          )}
        </Field>
        <Field
          label={`${t('filter.to')} ${zoneName}`}
          error={isWrong ? t('filter.orderInvalid') : undefined}
        >
          {(control) => (
            <Input
              {...control}
              type="datetime-local"
              value={to}
              onChange={(event) => setTo(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" size="form" variant="primary">
          {t('common:apply')}
        </Button>
      </form>
    </div>
  )
}
