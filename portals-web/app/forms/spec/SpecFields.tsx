import { clsx } from 'clsx'
import { useTranslation } from 'react-i18next'

import { useFieldWords } from '~/hooks/use-field-words'
import { Field as FieldFrame } from '~/ui/lib/Field'
import { plainText } from '~/util/field-label'
import {
  type Control as ControlName,
  controlOf,
  type Field,
  fieldsOf,
  isShown,
} from '~/util/schema'

import { type ControlProps, type SpecFieldProps, useSpecForm } from './context'
import { DeckInput } from './DeckInput'
import { JsonInput } from './JsonInput'
import { LinesInput } from './LinesInput'
import { ChoicesInput, PermissionsInput } from './choices'
import { OrderedInput } from './OrderedInput'
import { ReferenceInput } from './ReferenceInput'
import { RowsInput } from './RowsInput'
import { ChoiceInput, FlagInput, IntegerInput, SecretInput, TextInput, ZoneInput } from './scalars'

/** What needs the whole width. */
const WIDE: ReadonlySet<ControlName> = new Set([
  'long-text',
  'permissions',
  'rows',
  'group',
  'deck',
  'json',
])

export interface SpecFieldsProps {
  fields: readonly Field[]
  /** Path of the object that they are in; empty for the spec itself. */
  within?: string
}

/** Fields in two columns where there is room. */
export function SpecFields({ fields, within = '' }: SpecFieldsProps) {
  const { spec } = useSpecForm()
  const shown = within ? fields : fields.filter((field) => isShown(field, spec))
  return (
    <div className="grid gap-x-6 gap-y-5 xl:grid-cols-2">
      {shown.map((field) => (
        <div
          key={field.name}
          className={clsx('min-w-0', WIDE.has(controlOf(field.schema)) && 'xl:col-span-2')}
        >
          <SpecField field={field} path={within ? `${within}.${field.name}` : field.name} />
        </div>
      ))}
    </div>
  )
}

/** What has a default is never empty, and what belongs to a direction is needed by it. */
function mayStayEmpty({ schema, isRequired }: Field): boolean {
  const hasDefault = schema.default !== undefined || schema['x-default'] !== undefined
  return !isRequired && !hasDefault && schema['x-direction'] === undefined
}

/** A field with its label, its control by the schema, and one sentence: help, or what is wrong. */
export function SpecField({ field, path }: SpecFieldProps) {
  const { schema, name } = field
  const { t } = useTranslation('fields')
  const { errorOf } = useSpecForm()
  const control = controlOf(schema)
  const words = useFieldWords()
  const label = schema['x-label'] ?? words.field(name)
  const error = errorOf(path)
  if (control === 'flag') return <FlagInput schema={schema} path={path} label={label} />
  if (control === 'group' || control === 'rows' || control === 'permissions') {
    return (
      <fieldset className="min-w-0">
        <legend className="pb-1 text-body font-medium text-ink">{label}</legend>
        <p className={error ? 'pb-2 text-meta text-danger' : 'pb-2 text-meta text-ink-3'}>
          {error ?? plainText(schema.description)}
        </p>
        {control === 'group' ? (
          <div className="border-s-2 border-line ps-4">
            <SpecFields fields={fieldsOf(schema)} within={path} />
          </div>
        ) : control === 'rows' ? (
          <RowsInput
            schema={schema}
            path={path}
            label={label}
            renderRow={(fields, within) => <SpecFields fields={fields} within={within} />}
          />
        ) : (
          <PermissionsInput schema={schema} path={path} />
        )}
      </fieldset>
    )
  }
  return (
    <FieldFrame
      label={label}
      mark={mayStayEmpty(field) ? t('optional') : undefined}
      help={plainText(schema.description)}
      error={error}
    >
      {(frame) => <Control field={field} path={path} label={label} frame={frame} />}
    </FieldFrame>
  )
}

function Control(props: ControlProps) {
  switch (controlOf(props.field.schema)) {
    case 'choice':
      return <ChoiceInput {...props} />
    case 'integer':
      return <IntegerInput {...props} />
    case 'secret':
      return <SecretInput {...props} />
    case 'reference':
      return <ReferenceInput {...props} />
    case 'time-zone':
      return <ZoneInput {...props} />
    case 'deck':
      return <DeckInput {...props} />
    case 'choices':
      return <ChoicesInput {...props} />
    case 'lines':
      return <LinesInput {...props} />
    case 'ordered':
      return <OrderedInput {...props} />
    case 'json':
      return <JsonInput {...props} />
    default:
      return <TextInput {...props} />
  }
}
