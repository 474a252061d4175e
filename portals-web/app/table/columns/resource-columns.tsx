import { useTranslation } from 'react-i18next'

import type { Kind, Resource } from '~/api/resources'
import { useFieldWords } from '~/hooks/use-field-words'
import { useFormat } from '~/hooks/use-format'
import { Badge, type Tone } from '~/ui/lib/Badge'
import { columnFields, FIXED_COLUMNS, type FixedColumn } from '~/util/columns'
import type { Json } from '~/util/json-path'
import { type Field, typeOf } from '~/util/schema'

import { TimeCell } from '../cells/TimeCell'
import type { Column } from '../column'

/** Items of a list that a cell shows. */
const ITEMS_MAX = 3

const STATUS_TONES: Record<string, Tone> = { active: 'success', inactive: 'warning' }

/** What a column is called, for the menu of columns. */
export function useColumnName(): (name: string) => string {
  const { t } = useTranslation('configuration')
  const words = useFieldWords()
  return (name) => (isFixed(name) ? t(`column.${name}`) : words.field(name))
}

/** The name of each resource, and the columns that were chosen. */
export function useResourceColumns(kind: Kind, chosen: readonly string[]): Column<Resource>[] {
  const { t } = useTranslation('configuration')
  const words = useFieldWords()
  const { zoneName } = useFormat()
  const fields = columnFields(kind.schema)
  const sortable = new Set(kind.filter_fields)
  const fixed: Record<FixedColumn, Column<Resource>> = {
    external_id: {
      id: 'external_id',
      header: t('column.external_id'),
      cell: ({ external_id }) => external_id,
    },
    version: {
      id: 'version',
      header: t('column.version'),
      width: 80,
      align: 'end',
      cell: ({ version }) => version,
    },
    updated_by: {
      id: 'updated_by',
      header: t('column.updated_by'),
      cell: ({ updated_by }) => updated_by,
    },
    updated_at: {
      id: 'updated_at',
      header: `${t('column.updated_at')} ${zoneName}`,
      width: 176,
      align: 'end',
      sortBy: 'updated_at',
      cell: ({ updated_at }) => <TimeCell at={updated_at} />,
    },
    id: { id: 'id', header: t('column.id'), width: 80, align: 'end', cell: ({ id }) => id },
  }
  const ofFields = fields.map((field): Column<Resource> => ({
    id: field.name,
    header: field.schema['x-label'] ?? words.field(field.name),
    align: typeOf(field.schema) === 'integer' ? 'end' : 'start',
    ...(field.schema.description ? { help: field.schema.description } : {}),
    ...(sortable.has(field.name) ? { sortBy: field.name } : {}),
    cell: ({ spec }) => <FieldCell field={field} value={spec[field.name]} />,
  }))
  return [
    {
      id: 'name',
      header: t('column.name'),
      minWidth: 160,
      sortBy: 'name',
      cell: ({ name }) => <span className="font-medium">{name}</span>,
    },
    ...[...ofFields, ...FIXED_COLUMNS.map((name) => fixed[name])].filter(({ id }) =>
      chosen.includes(id),
    ),
  ]
}

function FieldCell({ field, value }: { field: Field; value: Json | undefined }) {
  const { t } = useTranslation('configuration')
  const words = useFieldWords()
  const format = useFormat()
  const shown = value ?? field.schema.default ?? null
  if (shown === null || shown === '') return null
  if (typeof shown === 'boolean')
    return shown ? t('yes') : <span className="text-ink-3">{t('no')}</span>
  if (typeof shown === 'number') return format.count(shown)
  if (Array.isArray(shown)) return <ListCell items={shown} />
  if (typeof shown === 'object') return null
  if (field.name === 'status') {
    return <Badge tone={STATUS_TONES[shown] ?? 'neutral'}>{words.choice(shown)}</Badge>
  }
  return field.schema.enum ? words.choice(shown) : shown
}

function ListCell({ items }: { items: readonly Json[] }) {
  const shown = items.slice(0, ITEMS_MAX).map(String).join(', ')
  const left = items.length - ITEMS_MAX
  return (
    <>
      {shown}
      {left > 0 ? <span className="text-ink-3"> +{left}</span> : null}
    </>
  )
}

function isFixed(name: string): name is FixedColumn {
  return FIXED_COLUMNS.some((each) => each === name)
}
