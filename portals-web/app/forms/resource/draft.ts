import type { Assignment, Kind, Resource, ResourceWrite } from '~/api/resources'
import { isEqual, type Json, type JsonObject } from '~/util/json-path'
import { cleaned, newSpec } from '~/util/schema'

/** A resource as it stands in the form. */
export interface Draft {
  name: string
  externalId: string
  assign: Assignment
  spec: JsonObject
  /** Why; empty says nothing. */
  note: string
  /** The rate deck that goes along; null keeps the one that is there. */
  deck: string | null
}

/** Nothing written means all. */
const EVERYBODY: Assignment = { all: true }

export function newDraft(kind: Kind): Draft {
  const spec = newSpec(kind.schema)
  return { name: '', externalId: '', assign: EVERYBODY, spec, note: '', deck: null }
}

/** What a form shows of a resource. */
export type Shown = Pick<Resource, 'name' | 'external_id' | 'assign' | 'spec'>

export function draftOf({ name, external_id, assign, spec }: Shown): Draft {
  return { name, externalId: external_id ?? '', assign, spec, note: '', deck: null }
}

/** The draft as it is sent. Fields of the other direction are left out. */
export function writeOf(draft: Draft, kind: Kind): ResourceWrite {
  const { schema, assignable } = kind
  const spec = Object.fromEntries(
    Object.entries(cleaned(draft.spec, schema)).filter(([name]) => {
      const direction = schema.properties?.[name]?.['x-direction']
      return direction === undefined || direction === draft.spec['direction']
    }),
  )
  return {
    name: draft.name.trim(),
    external_id: draft.externalId.trim() || null,
    spec,
    ...(assignable === 'no' ? {} : { assign: draft.assign }),
    ...(draft.note.trim() ? { note: draft.note.trim() } : {}),
    ...(draft.deck === null ? {} : { rates_csv: draft.deck }),
  }
}

/** The parts of a draft that differ by themselves: names as the API has them, the spec's as they are. */
export type Parts = Record<string, Json | undefined>

export function partsOf(draft: Draft, kind: Kind): Parts {
  return {
    ...cleaned(draft.spec, kind.schema),
    name: draft.name,
    external_id: draft.externalId || undefined,
    assign: kind.assignable === 'no' ? undefined : assignmentAsJson(draft.assign),
    rates_csv: draft.deck ?? undefined,
  }
}

/** The parts that are not as they were. */
export function changedParts(before: Draft, after: Draft, kind: Kind): string[] {
  return different(partsOf(before, kind), partsOf(after, kind))
}

export interface Conflict {
  field: string
  before: Json | undefined
  theirs: Json | undefined
  mine: Json | undefined
}

/** What both have changed, in different ways. */
export function conflictsOf(base: Draft, theirs: Draft, mine: Draft, kind: Kind): Conflict[] {
  const [a, b, c] = [partsOf(base, kind), partsOf(theirs, kind), partsOf(mine, kind)]
  const byThem = new Set(different(a, b))
  return different(a, c)
    .filter((field) => byThem.has(field) && !isEqual(b[field], c[field]))
    .map((field) => ({ field, before: a[field], theirs: b[field], mine: c[field] }))
}

/** Their version with what I have changed; `keepTheirs` are the conflicts in which theirs holds. */
export function merged(
  { base, theirs, mine }: { base: Draft; theirs: Draft; mine: Draft },
  kind: Kind,
  keepTheirs: ReadonlySet<string>,
): Draft {
  const fields = changedParts(base, mine, kind).filter((field) => !keepTheirs.has(field))
  const spec = { ...theirs.spec }
  for (const field of fields) {
    const value = mine.spec[field]
    if (value === undefined) delete spec[field]
    else if (field in (kind.schema.properties ?? {})) spec[field] = value
  }
  const takes = (field: string) => fields.includes(field)
  return {
    name: takes('name') ? mine.name : theirs.name,
    externalId: takes('external_id') ? mine.externalId : theirs.externalId,
    assign: takes('assign') ? mine.assign : theirs.assign,
    spec,
    note: mine.note,
    deck: mine.deck,
  }
}

function different(a: Parts, b: Parts): string[] {
  const fields = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...fields].filter((field) => !isEqual(a[field], b[field]))
}

function assignmentAsJson({ all, categories, groups, customers }: Assignment): Json {
  return {
    all: all ?? false,
    categories: categories ?? [],
    groups: groups ?? [],
    customers: customers ?? [],
  }
}
