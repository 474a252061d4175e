import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Kind } from '~/api/resources'
import { FilterChip } from '~/components/FilterChip'
import { useFieldWords } from '~/hooks/use-field-words'
import { useShortcut } from '~/hooks/use-shortcut'
import { Button } from '~/ui/lib/Button'
import { Input } from '~/ui/lib/Field'
import { choicesOf, type FieldSchema, typeOf } from '~/util/schema'
import { inSentence } from '~/util/sentence'

import { ChoiceEditor } from './filter-editors'
import { NamePicker } from './spec/ReferenceInput'

export interface ResourceFiltersProps {
  kind: Kind
  /** What is searched for. */
  q: string
  onSearch: (q: string) => void
  /** The filters that are set, by field. */
  filters: Readonly<Record<string, string>>
  onFilter: (field: string, value: string | undefined) => void
  onClear: () => void
}

/** A search over everything, and a chip for each field that the kind can be filtered by. */
export function ResourceFilters(props: ResourceFiltersProps) {
  const { kind, q, onSearch, filters, onFilter, onClear } = props
  const { t } = useTranslation(['configuration', 'lists'])
  const words = useFieldWords()
  const searchRef = useRef<HTMLInputElement>(null)
  const [typed, setTyped] = useState(q)
  useShortcut('filter', () => searchRef.current?.focus())
  const isFiltered = q !== '' || Object.keys(filters).length > 0
  return (
    <div role="search" className="flex flex-wrap items-center gap-2">
      <Input
        ref={searchRef}
        type="search"
        aria-label={t('searchKind', { kind: inSentence(kind.title_plural) })}
        placeholder={t('search')}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value)
          onSearch(event.target.value)
        }}
        className="h-7! max-w-56 text-body!"
      />
      {kind.filter_fields.map((name) => (
        <FilterChip
          key={name}
          name={words.field(name)}
          value={filters[name] === undefined ? undefined : words.choice(filters[name])}
          onClear={() => onFilter(name, undefined)}
        >
          {(close) => (
            <FilterEditor
              label={words.field(name)}
              schema={kind.schema.properties?.[name] ?? {}}
              value={filters[name]}
              onApply={(value) => {
                onFilter(name, value)
                close()
              }}
            />
          )}
        </FilterChip>
      ))}
      {isFiltered ? (
        <Button
          variant="quiet"
          size="toolbar"
          onClick={() => {
            setTyped('')
            onClear()
          }}
        >
          {t('lists:clearFilters')}
        </Button>
      ) : null}
    </div>
  )
}

interface FilterEditorProps {
  label: string
  schema: FieldSchema
  value: string | undefined
  onApply: (value: string) => void
}

function FilterEditor({ label, schema, value, onApply }: FilterEditorProps) {
  const { t } = useTranslation(['configuration', 'common'])
  const words = useFieldWords()
  const inner = schema.items ?? schema
  const isFlag = typeOf(schema) === 'boolean'
  const choices = isFlag ? ['true', 'false'] : choicesOf(inner)
  if (choices.length > 0) {
    const labelOf = (choice: string) =>
      isFlag ? t(choice === 'true' ? 'yes' : 'no') : words.choice(choice)
    return (
      <div className="p-2">
        <ChoiceEditor
          label={label}
          options={choices.map((choice) => ({ value: choice, label: labelOf(choice) }))}
          value={value}
          onApply={onApply}
        />
      </div>
    )
  }
  return <TextFilter label={label} kind={inner['x-reference']} value={value} onApply={onApply} />
}

interface TextFilterProps {
  label: string
  /** The kind whose names are offered. */
  kind: string | undefined
  value: string | undefined
  onApply: (value: string) => void
}

function TextFilter({ label, kind, value, onApply }: TextFilterProps) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState(value ?? '')
  return (
    <form
      className="flex gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        if (typed.trim()) onApply(typed.trim())
      }}
    >
      <span className="grow">
        {kind ? (
          <NamePicker
            kind={kind}
            aria-label={label}
            listLabel={label}
            value={typed}
            onChange={setTyped}
            onChoose={onApply}
          />
        ) : (
          <Input
            aria-label={label}
            value={typed}
            autoComplete="off"
            onChange={(event) => setTyped(event.target.value)}
          />
        )}
      </span>
      <Button type="submit" size="form" variant="primary">
        {t('apply')}
      </Button>
    </form>
  )
}
