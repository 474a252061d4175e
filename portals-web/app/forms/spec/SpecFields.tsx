import { clsx } from 'clsx'

import { type Control, controlOf, type Field, isShown } from '~/util/schema'

import { useSpecForm } from './context'
import { SpecField } from './SpecField'

/** What needs the whole width. */
const WIDE: readonly Control[] = ['long-text', 'permissions', 'rows', 'group', 'deck', 'json']

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
          className={clsx('min-w-0', WIDE.includes(controlOf(field.schema)) && 'xl:col-span-2')}
        >
          <SpecField field={field} path={within ? `${within}.${field.name}` : field.name} />
        </div>
      ))}
    </div>
  )
}
