import { readFileSync } from 'node:fs'

import type { Kind } from '~/api/resources'
import type { FieldSchema } from '~/util/schema'

/** What the description of the API says of a kind: the mock believes the same schemas as the switch. */
interface Description {
  paths: Record<string, { get?: { tags: string[]; summary?: string } }>
  components: { schemas: Record<string, FieldSchema & { enum?: string[] }> }
}

/** Kinds of which a customer has one. */
const ONE_ONLY = new Set(['voice_tier', 'channel_plan', 'lcr_profile'])

/** All kinds, as `GET /api/v1/kinds` lists them to somebody who may change everything. */
export function readKinds(): Kind[] {
  const text = readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')
  const { paths, components } = JSON.parse(text) as Description
  const plurals = new Map(
    Object.entries(components.schemas).flatMap(([name, schema]) => {
      const kind = schema.properties?.['kind']?.enum?.[0]
      return name.endsWith('Resource') && kind ? [[name.slice(0, -8), kind] as const] : []
    }),
  )
  return [...plurals].flatMap(([name, kind]) => {
    const schema = components.schemas[`${name}Spec`]
    const plural = pluralOf(kind, paths)
    if (!schema || !plural) return []
    return [kindOf(kind, plural, schema, paths)]
  })
}

function kindOf(
  kind: string,
  plural: string,
  schema: FieldSchema,
  paths: Description['paths'],
): Kind {
  const summary = paths[`/api/v1/${plural}`]?.get?.summary ?? ''
  const many = /^Lists (.*)\.$/.exec(summary)?.[1] ?? plural.replaceAll('-', ' ')
  const title = schema.title ?? kind
  const isAssignable = `/api/v1/${plural}/{id}/assignment/customers` in paths
  return {
    kind,
    plural,
    title,
    title_plural: capitalsOf(title, many),
    summary: (schema.description ?? '').split('. ')[0] ?? '',
    description: schema.description ?? '',
    assignable: isAssignable ? (ONE_ONLY.has(kind) ? 'one' : 'many') : 'no',
    filter_fields: Object.entries(schema.properties ?? {})
      .filter(([, field]) => field['x-filter'])
      .toSorted(([, a], [, b]) => (a['x-order'] ?? 0) - (b['x-order'] ?? 0))
      .map(([name]) => name),
    schema,
    can_write: true,
  }
}

/** The summary is written small: `pops`. The capitals of the title are those of the plural: `POPs`. */
function capitalsOf(title: string, plural: string): string {
  const capitals = title.split(' ')
  return plural
    .split(' ')
    .map((word, at) => {
      const model = capitals[at] ?? ''
      if (word.toLowerCase().startsWith(model.toLowerCase()))
        return model + word.slice(model.length)
      return at === 0 ? word.charAt(0).toUpperCase() + word.slice(1) : word
    })
    .join(' ')
}

function pluralOf(kind: string, paths: Description['paths']): string | undefined {
  const words = kind.replaceAll('_', '-')
  return [`${words}s`, words.replace(/y$/, 'ies'), words].find(
    (plural) => paths[`/api/v1/${plural}/{id}/versions`],
  )
}
