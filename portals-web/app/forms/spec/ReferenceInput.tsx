import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowUpRight } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { namesQuery } from '~/api/resources'
import { useDebounced } from '~/hooks/use-debounced'
import { useKind } from '~/hooks/use-kinds'
import { Combobox, type ComboboxProps } from '~/ui/lib/Combobox'
import { pb } from '~/util/path-builder'

import { type ControlProps, useSpecForm, useValue } from './context'

/** The name of another resource, with a way to it. */
export function ReferenceInput({ field: { schema }, path, label, frame }: ControlProps) {
  const { t } = useTranslation('fields')
  const { set, isReadOnly } = useSpecForm()
  const value = useValue(path)
  const name = typeof value === 'string' ? value : ''
  const kind = schema['x-reference'] ?? ''
  return (
    <span className="flex gap-1">
      <span className="grow">
        <NamePicker
          {...frame}
          data-field={path}
          kind={kind}
          listLabel={label}
          readOnly={isReadOnly}
          placeholder={schema['x-default'] ? t('default', { value: schema['x-default'] }) : ''}
          value={name}
          onChange={(next) => set(path, next || undefined)}
        />
      </span>
      {name ? (
        <Link
          {...pb.resource(kind, name)}
          aria-label={t('open', { name })}
          className="flex size-9 items-center justify-center rounded-control text-ink-3 hover:bg-hover hover:text-ink"
        >
          <ArrowUpRight aria-hidden size={16} strokeWidth={1.75} />
        </Link>
      ) : null}
    </span>
  )
}

export interface NamePickerProps extends Omit<ComboboxProps, 'options'> {
  kind: string
}

/** A name of a kind: the switch is asked for those that begin with what is typed. */
export function NamePicker({ kind: kindName, value, ...rest }: NamePickerProps) {
  const kind = useKind(kindName)
  const typed = useDebounced(value)
  const { data = [] } = useQuery({
    ...namesQuery(kind?.plural ?? '', typed),
    enabled: Boolean(kind),
  })
  // A name that was chosen finds only itself: then all are offered, to choose another.
  const isChosen = data.length === 1 && data[0] === value
  const { data: all = [] } = useQuery({
    ...namesQuery(kind?.plural ?? '', ''),
    enabled: Boolean(kind) && isChosen,
  })
  return <Combobox {...rest} value={value} options={isChosen ? all : data} />
}
