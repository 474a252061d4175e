import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Select } from '~/ui/lib/Field'
import { itemNumber } from '~/util/field-label'
import { choicesOf } from '~/util/schema'

import { type ControlProps, useSpecForm, useValue } from './context'
import { ItemActions, moved } from './ItemActions'
import { NamePicker } from './ReferenceInput'

/** A list of names whose order counts: they are added at the end and moved up and down. */
export function OrderedInput({ field: { schema }, path, label, frame }: ControlProps) {
  const { t } = useTranslation('fields')
  const { set, errorsWithin, isReadOnly } = useSpecForm()
  const value = useValue(path)
  const [typed, setTyped] = useState('')
  const items = Array.isArray(value) ? value.map(String) : []
  const reference = schema.items?.['x-reference']
  const left = choicesOf(schema.items ?? {}).filter((choice) => !items.includes(choice))
  const faults = errorsWithin(path)
  const messageOf = (index: number) =>
    faults.find(([place]) => itemNumber(place.slice(path.length)) === index + 1)?.[1]
  const add = (name: string) => {
    if (name && !items.includes(name)) set(path, [...items, name])
    setTyped('')
  }
  const adding = {
    ...frame,
    'data-field': path,
    disabled: isReadOnly,
  }
  return (
    <>
      {items.length > 0 ? (
        <ol className="overflow-hidden rounded-control border border-line">
          {items.map((item, index) => (
            <li
              key={item}
              className="flex min-h-9 items-center gap-2 border-b border-line ps-3 pe-1 last:border-0"
            >
              <span className="w-5 text-meta text-ink-3 tabular-nums">{index + 1}</span>
              <span className="min-w-0 grow truncate">
                {item}
                {messageOf(index) ? (
                  <span className="ms-2 text-meta text-danger">{messageOf(index)}</span>
                ) : null}
              </span>
              {isReadOnly ? null : (
                <ItemActions
                  name={item}
                  isFirst={index === 0}
                  isLast={index === items.length - 1}
                  onMove={(by) => set(path, moved(items, index, by))}
                  onRemove={() =>
                    set(
                      path,
                      items.filter((each) => each !== item),
                    )
                  }
                />
              )}
            </li>
          ))}
        </ol>
      ) : null}
      {reference ? (
        <NamePicker
          {...adding}
          kind={reference}
          listLabel={label}
          value={typed}
          placeholder={schema['x-default'] ?? t('addName')}
          onChange={setTyped}
          onChoose={add}
          onBlur={() => add(typed.trim())}
        />
      ) : (
        <Select {...adding} value="" onChange={(event) => add(event.target.value)}>
          <option value="">{t('add')}</option>
          {left.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </Select>
      )}
    </>
  )
}
