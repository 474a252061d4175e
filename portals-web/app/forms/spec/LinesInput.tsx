import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { TextArea } from '~/ui/lib/Field'
import { itemNumber } from '~/util/field-label'
import type { Json } from '~/util/json-path'
import { allows } from '~/util/schema'

import { type ControlProps, useSpecForm, useValue } from './context'

/** Most messages about lines that are shown at once. */
const MESSAGES_MAX = 5

/** A list of short texts, one on each line: it can be pasted from anywhere. */
export function LinesInput({ field: { schema }, path, frame }: ControlProps) {
  const { t } = useTranslation('fields')
  const { set, errorsWithin, isReadOnly } = useSpecForm()
  const value = useValue(path)
  // The text keeps an empty last line, which the list does not have.
  const [typed, setTyped] = useState<string | null>(null)
  const items = Array.isArray(value) ? value : []
  const text = typed ?? items.join('\n')
  const mayBeNumber = schema.items !== undefined && allows(schema.items, 'integer')
  const example = schema.items?.examples?.[0]
  const faults = errorsWithin(path)
  const rows = Math.min(Math.max(items.length + 1, 3), 12)
  return (
    <>
      <TextArea
        {...frame}
        data-field={path}
        aria-invalid={frame['aria-invalid'] || faults.length > 0}
        rows={rows}
        spellCheck={false}
        readOnly={isReadOnly}
        value={text}
        placeholder={typeof example === 'string' ? example : (schema['x-default'] ?? t('oneALine'))}
        onChange={(event) => {
          setTyped(event.target.value)
          set(path, linesOf(event.target.value, mayBeNumber))
        }}
        onBlur={() => setTyped(null)}
        className="font-mono text-body!"
      />
      {faults.slice(0, MESSAGES_MAX).map(([place, message]) => (
        <p key={place} className="text-meta text-danger">
          {t('line', { number: itemNumber(place.slice(path.length)) ?? 1, message })}
        </p>
      ))}
    </>
  )
}

function linesOf(text: string, mayBeNumber: boolean): Json[] {
  return text
    .split(/[\n,;]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => (mayBeNumber && /^\d{1,15}$/.test(line) ? Number(line) : line))
}
