import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Field } from '~/ui/lib/Field'
import { Segmented } from '~/ui/lib/Segmented'

import { ItemActions } from '../spec/ItemActions'
import { NamePicker } from '../spec/ReferenceInput'
import type { FormPartProps } from './MetaFields'

const LEVELS = [
  { part: 'categories', kind: 'customer_category' },
  { part: 'groups', kind: 'customer_group' },
  { part: 'customers', kind: 'customer' },
] as const

/** Which customers get it: all of them, or those of categories and groups, or some by name. */
export function AssignmentFields({ form }: FormPartProps) {
  const { t } = useTranslation('configuration')
  const { draft, edit, faults, specForm } = form
  const { assign } = draft
  const isEverybody = assign.all === true
  return (
    <div className="flex flex-col gap-5">
      <p className="max-w-160 text-ink-2">{t('assign.lead')}</p>
      <fieldset disabled={specForm.isReadOnly}>
        <Segmented
          label={t('assign.who')}
          value={isEverybody ? 'all' : 'some'}
          options={[
            { value: 'all', label: t('assign.all') },
            { value: 'some', label: t('assign.some') },
          ]}
          onChange={(next) => edit({ assign: { ...assign, all: next === 'all' } })}
        />
      </fieldset>
      <div className="grid gap-6 xl:grid-cols-3">
        {LEVELS.map(({ part, kind }) => (
          <NameList
            key={part}
            kind={kind}
            label={t(`assign.${part}`)}
            error={firstWithin(faults, `assign.${part}`)}
            names={assign[part] ?? []}
            isReadOnly={specForm.isReadOnly}
            onChange={(names) => edit({ assign: { ...assign, [part]: names } })}
          />
        ))}
      </div>
    </div>
  )
}

function firstWithin(faults: ReadonlyMap<string, string>, path: string): string | undefined {
  return [...faults].find(([place]) => place.startsWith(path))?.[1]
}

interface NameListProps {
  kind: string
  label: string
  error: string | undefined
  names: readonly string[]
  isReadOnly: boolean
  onChange: (names: string[]) => void
}

function NameList({ kind, label, error, names, isReadOnly, onChange }: NameListProps) {
  const { t } = useTranslation('fields')
  const [typed, setTyped] = useState('')
  const add = (name: string) => {
    if (name && !names.includes(name)) onChange([...names, name])
    setTyped('')
  }
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <Field label={label} error={error}>
        {(frame) => (
          <NamePicker
            {...frame}
            kind={kind}
            listLabel={label}
            value={typed}
            disabled={isReadOnly}
            placeholder={t('addName')}
            onChange={setTyped}
            onChoose={add}
            onBlur={() => add(typed.trim())}
          />
        )}
      </Field>
      {names.length > 0 ? (
        <ul className="overflow-hidden rounded-control border border-line">
          {names.map((name) => (
            <li
              key={name}
              className="flex min-h-8 items-center gap-2 border-b border-line ps-3 pe-1 last:border-0"
            >
              <span className="grow truncate">{name}</span>
              {isReadOnly ? null : (
                <ItemActions
                  name={name}
                  isFirst
                  isLast
                  onRemove={() => onChange(names.filter((each) => each !== name))}
                />
              )}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  )
}
