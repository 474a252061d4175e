import { useFieldWords } from '~/hooks/use-field-words'
import { Checkbox } from '~/ui/lib/Field'
import { choicesOf, type FieldSchema } from '~/util/schema'

import { type ControlProps, useSpecForm, useValue } from './context'

/** Which of the values of a list are there; they are kept in the order of the schema. */
function useChosen(schema: FieldSchema, path: string) {
  const { set } = useSpecForm()
  const value = useValue(path)
  const all = choicesOf(schema.items ?? {})
  const chosen = new Set(Array.isArray(value) ? value : [])
  const toggle = (names: readonly string[], isOn: boolean) => {
    const next = new Set(chosen)
    for (const name of names) {
      if (isOn) next.add(name)
      else next.delete(name)
    }
    set(
      path,
      all.filter((name) => next.has(name)),
    )
  }
  return { all, chosen, toggle }
}

/** Any of a few. */
export function ChoicesInput({ field: { schema }, path, label, frame }: ControlProps) {
  const words = useFieldWords()
  const { isReadOnly } = useSpecForm()
  const { all, chosen, toggle } = useChosen(schema, path)
  return (
    <div
      id={frame.id}
      role="group"
      aria-label={label}
      aria-describedby={frame['aria-describedby']}
      className="flex min-h-9 flex-wrap items-center gap-x-4 gap-y-1.5"
    >
      {all.map((name, index) => (
        <label key={name} className="flex min-h-6 cursor-pointer items-center gap-1.5">
          <Checkbox
            data-field={index === 0 ? path : undefined}
            checked={chosen.has(name)}
            disabled={isReadOnly}
            onChange={(event) => toggle([name], event.target.checked)}
          />
          {words.choice(name)}
        </label>
      ))}
    </div>
  )
}

export interface PermissionsInputProps {
  schema: FieldSchema
  path: string
}

/** Permissions as a grid: an area on each line, what may be done there beside it. */
export function PermissionsInput({ schema, path }: PermissionsInputProps) {
  const words = useFieldWords()
  const { isReadOnly } = useSpecForm()
  const { all, chosen, toggle } = useChosen(schema, path)
  const areas = new Map<string, string[]>()
  for (const name of all) {
    const area = name.split('.')[0] ?? name
    areas.set(area, [...(areas.get(area) ?? []), name])
  }
  return (
    <div className="overflow-hidden rounded-panel border border-line">
      {[...areas].map(([area, names], line) => (
        <div
          key={area}
          role="group"
          aria-label={words.area(area)}
          className="grid min-h-8 grid-cols-[minmax(160px,1fr)_2fr] items-center gap-3 border-b border-line px-3 py-1 last:border-0 hover:bg-hover"
        >
          <label className="flex cursor-pointer items-center gap-2 font-medium">
            <Checkbox
              data-field={line === 0 ? path : undefined}
              checked={names.every((name) => chosen.has(name))}
              disabled={isReadOnly}
              onChange={(event) => toggle(names, event.target.checked)}
            />
            {words.area(area)}
          </label>
          <span className="flex flex-wrap gap-x-5 gap-y-1">
            {names.map((name) => (
              <label
                key={name}
                className="flex min-h-6 cursor-pointer items-center gap-1.5 text-ink-2"
              >
                <Checkbox
                  aria-label={name}
                  checked={chosen.has(name)}
                  disabled={isReadOnly}
                  onChange={(event) => toggle([name], event.target.checked)}
                />
                {words.verb(name.slice(area.length + 1))}
              </label>
            ))}
          </span>
        </div>
      ))}
    </div>
  )
}
