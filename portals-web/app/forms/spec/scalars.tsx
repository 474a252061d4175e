import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useFieldWords } from '~/hooks/use-field-words'
import { Combobox } from '~/ui/lib/Combobox'
import { Checkbox, Input, Select, TextArea } from '~/ui/lib/Field'
import { plainText } from '~/util/field-label'
import type { Json } from '~/util/json-path'
import { choicesOf, type FieldSchema, isNullable } from '~/util/schema'
import { timeZones } from '~/util/time'

import { type ControlProps, useSpecForm, useValue } from './context'

/** The default in words: shown where nothing is written. */
function useDefaultText(schema: FieldSchema): string | undefined {
  const { t } = useTranslation('fields')
  const words = useFieldWords()
  const text = schema['x-default'] ?? textOf(schema.default, words.choice)
  return text ? t('default', { value: plainText(text) }) : undefined
}

function textOf(value: Json | undefined, choice: (value: string) => string): string {
  if (typeof value === 'string') return choice(value)
  return typeof value === 'number' ? String(value) : ''
}

export function ChoiceInput({ field: { schema, isRequired }, path, frame }: ControlProps) {
  const { t } = useTranslation('fields')
  const { set, isReadOnly } = useSpecForm()
  const words = useFieldWords()
  const value = useValue(path)
  const defaultText = useDefaultText(schema)
  const chosen = typeof value === 'string' ? value : ''
  const isOptional = isNullable(schema) || !isRequired
  const meaning = schema['x-enum-descriptions']?.[chosen || String(schema.default)]
  return (
    <>
      <Select
        {...frame}
        data-field={path}
        value={chosen}
        disabled={isReadOnly}
        onChange={(event) => set(path, event.target.value || undefined)}
      >
        {isOptional || chosen === '' ? (
          <option value="">{defaultText ?? (isOptional ? t('notSet') : t('choose'))}</option>
        ) : null}
        {choicesOf(schema).map((choice) => (
          <option key={choice} value={choice}>
            {words.choice(choice)}
          </option>
        ))}
      </Select>
      {meaning ? <p className="text-meta text-ink-2">{meaning}</p> : null}
    </>
  )
}

export interface FlagInputProps {
  schema: FieldSchema
  path: string
  label: string
}

export function FlagInput({ schema, path, label }: FlagInputProps) {
  const { set, errorOf, isReadOnly } = useSpecForm()
  const value = useValue(path) ?? schema.default ?? false
  const error = errorOf(path)
  return (
    // oxlint-disable-next-line jsx-a11y/label-has-associated-control -- The checkbox is inside.
    <label className="flex cursor-pointer items-start gap-2.5">
      <Checkbox
        className="mt-0.5"
        data-field={path}
        checked={value === true}
        disabled={isReadOnly}
        onChange={(event) => set(path, event.target.checked)}
      />
      <span>
        <span className="block font-medium">{label}</span>
        <span className={error ? 'text-meta text-danger' : 'text-meta text-ink-3'}>
          {error ?? plainText(schema.description)}
        </span>
      </span>
    </label>
  )
}

/** Digits are kept as a number; anything else as it was typed, for the message at the field. */
export function IntegerInput({ field: { schema }, path, frame }: ControlProps) {
  const { set, isReadOnly } = useSpecForm()
  const value = useValue(path)
  const defaultText = useDefaultText(schema)
  const unit = schema['x-unit']
  return (
    <span className="relative block">
      <Input
        {...frame}
        data-field={path}
        inputMode="numeric"
        autoComplete="off"
        placeholder={defaultText}
        readOnly={isReadOnly}
        value={value === null || value === undefined ? '' : String(value)}
        onChange={({ target }) => {
          const typed = target.value.trim()
          set(path, typed === '' ? undefined : /^-?\d{1,15}$/.test(typed) ? Number(typed) : typed)
        }}
        className={unit ? 'pe-24 tabular-nums' : 'tabular-nums'}
      />
      {unit ? (
        <span className="pointer-events-none absolute inset-y-0 end-3 flex items-center text-meta text-ink-3">
          {unit}
        </span>
      ) : null}
    </span>
  )
}

export function TextInput({ field: { schema }, path, frame }: ControlProps) {
  const { set, isReadOnly } = useSpecForm()
  const value = useValue(path)
  const defaultText = useDefaultText(schema)
  const [example] = schema.examples ?? []
  const isCode = schema.pattern !== undefined || schema['x-widget'] === 'regex'
  const shared = {
    ...frame,
    'data-field': path,
    readOnly: isReadOnly,
    value: typeof value === 'string' ? value : '',
    placeholder: defaultText ?? (typeof example === 'string' ? example : undefined),
    onChange: (event: { target: { value: string } }) => set(path, event.target.value || undefined),
  }
  if (schema['x-widget'] === 'multiline') return <TextArea {...shared} rows={3} />
  return (
    <Input
      {...shared}
      autoComplete="off"
      spellCheck={false}
      className={isCode ? 'font-mono text-body' : undefined}
    />
  )
}

/** Written only: what is there is never shown, and stays when nothing is typed. */
export function SecretInput({ path, frame }: ControlProps) {
  const { t } = useTranslation('fields')
  const { set, isReadOnly } = useSpecForm()
  const value = useValue(path)
  // The form begins with the mask of the API, which says that there is a secret.
  const [kept] = useState(value)
  const isKept = kept !== undefined && kept !== null
  return (
    <Input
      {...frame}
      data-field={path}
      type="password"
      autoComplete="new-password"
      readOnly={isReadOnly}
      placeholder={isKept ? t('secretKept') : undefined}
      value={typeof value === 'string' && value !== kept ? value : ''}
      onChange={(event) => set(path, event.target.value || kept)}
    />
  )
}

export function ZoneInput({ path, label, frame }: ControlProps) {
  const { set, isReadOnly } = useSpecForm()
  const value = useValue(path)
  const typed = typeof value === 'string' ? value : ''
  const matching = timeZones().filter((zone) => zone.toLowerCase().includes(typed.toLowerCase()))
  return (
    <Combobox
      {...frame}
      data-field={path}
      listLabel={label}
      readOnly={isReadOnly}
      value={typed}
      options={matching.slice(0, 50)}
      onChange={(next) => set(path, next || undefined)}
    />
  )
}
