import type { Change, Difference, FieldError } from '~/api/__generated__/schema'
import type { Assignment, Kind, Resource, ResourceWrite } from '~/api/resources'
import { isEqual, isObject, type Json, type JsonObject } from '../app/util/json-path.ts'
import { type FieldSchema, fieldsOf } from '../app/util/schema.ts'
import { faultsOf } from '../app/util/schema-check.ts'

import { Refusal } from './refusal.ts'
import { FAILING_RESOURCE } from './sentinels.ts'
import { SNAPSHOT_NUMBER } from './world.ts'

/** A version of a resource, the newest of which is the resource. */
interface Version extends Resource {
  note: string | null
  deleted: boolean
  at: string
  configuration: number
}

/** What is configured, with all that was. */
export class ResourceStore {
  readonly kinds: readonly Kind[]
  #versions: Version[] = []
  #lastId = 0
  snapshotNumber = SNAPSHOT_NUMBER

  constructor(kinds: readonly Kind[], first: readonly Omit<Resource, 'updated_by'>[]) {
    this.kinds = kinds
    for (const resource of first) {
      // All versions before the newest said the same.
      for (let version = 1; version <= resource.version; version += 1) {
        const each = { ...resource, version, updated_by: 'demo' }
        this.#versions.push(versionOf(each, null, SNAPSHOT_NUMBER))
      }
      this.#lastId = Math.max(this.#lastId, resource.id)
    }
  }

  /** The resources of a kind, or of all. */
  all(kind?: string): Version[] {
    const newest = new Map<number, Version>()
    for (const version of this.#versions) newest.set(version.id, version)
    return [...newest.values()].filter(
      (each) => !each.deleted && (kind === undefined || each.kind === kind),
    )
  }

  /** By number, name or external id, as a path writes it. */
  find(kind: string, target: string): Version {
    const [, prefix, rest = ''] = /^(name|external_id):(.*)$/.exec(target) ?? []
    const found = this.all(kind).find((each) => {
      if (prefix === 'external_id') return each.external_id === rest
      if (prefix === 'name') return each.name === rest
      return /^\d+$/.test(target) ? each.id === Number(target) : each.name === target
    })
    if (!found) throw new Refusal(404, 'not-found', `There is no ${kind} "${target}".`)
    return found
  }

  versions(id: number): Version[] {
    return this.#versions.filter((version) => version.id === id).toReversed()
  }

  version(id: number, number: number): Version {
    const found = this.versions(id).find(({ version }) => version === number)
    if (!found) throw new Refusal(404, 'not-found', `There is no version ${number}.`)
    return found
  }

  create(kind: Kind, write: ResourceWrite, author: string): Version {
    this.#check(kind, write, null)
    this.#lastId += 1
    const at = new Date().toISOString()
    return this.#put(
      {
        kind: kind.kind,
        id: this.#lastId,
        name: write.name,
        external_id: write.external_id ?? null,
        version: 1,
        assign: assignmentOf(write.assign),
        spec: write.spec,
        created_at: at,
        updated_at: at,
        updated_by: author,
      },
      write.note ?? null,
    )
  }

  update(kind: Kind, before: Version, write: ResourceWrite, author: string): Version {
    this.#check(kind, write, before)
    if (write.name !== before.name) this.#rename(before, write.name)
    return this.#put(
      {
        ...before,
        name: write.name,
        external_id: write.external_id ?? null,
        assign: assignmentOf(write.assign),
        spec: write.spec,
        version: before.version + 1,
        updated_at: new Date().toISOString(),
        updated_by: author,
      },
      write.note ?? null,
    )
  }

  delete(before: Version, author: string): void {
    const by = this.referrers(before.kind, before.name)
    if (by.length > 0) {
      const named = by.map(({ kind, name }) => `${kind} "${name}"`)
      const last = named.pop()
      const message = `named by ${named.length > 0 ? `${named.join(', ')} and ` : ''}${last}`
      throw new Refusal(409, 'conflict', `Nothing was applied. ${message}`, {
        errors: [{ kind: before.kind, name: before.name, message }],
      })
    }
    this.#put({ ...before, version: before.version + 1, updated_by: author }, null, true)
  }

  /** Who names it. */
  referrers(kind: string, name: string): Version[] {
    return this.all().filter((each) => {
      const schema = this.kinds.find((known) => known.kind === each.kind)?.schema
      return schema
        ? references(each.spec, schema).some((to) => to[0] === kind && to[1] === name)
        : false
    })
  }

  /** Puts one as files say; gives what changed. */
  change(kindName: string, name: string, spec: JsonObject, isDry: boolean): Change {
    const before = this.all(kindName).find((each) => each.name === name)
    const merged = { ...before?.spec, ...spec }
    const changes = differences(before?.spec ?? {}, merged)
    const action = before ? (changes.length > 0 ? 'updated' : 'unchanged') : 'created'
    if (!isDry && action !== 'unchanged') {
      const at = new Date().toISOString()
      this.#lastId += before ? 0 : 1
      this.#put(
        {
          kind: kindName,
          id: before?.id ?? this.#lastId,
          name,
          external_id: before?.external_id ?? null,
          version: (before?.version ?? 0) + 1,
          assign: before?.assign ?? { all: true },
          spec: merged,
          created_at: before?.created_at ?? at,
          updated_at: at,
          updated_by: 'demo',
        },
        null,
      )
    }
    return { kind: kindName, name, action, differences: changes }
  }

  #check(kind: Kind, { name, spec, assign }: ResourceWrite, before: Version | null): void {
    if (name === FAILING_RESOURCE) throw new Refusal(500, 'internal', 'The switch failed.')
    const taken = this.all(kind.kind).find((each) => each.name === name && each.id !== before?.id)
    if (taken) {
      const message = 'there is a resource of this name already'
      throw new Refusal(409, 'conflict', `Nothing was applied. ${message}`, {
        errors: [{ kind: kind.kind, name, field: 'name', message }],
      })
    }
    const faults = faultsOf(spec, kind.schema).map(({ field, code, bound }): FieldError => ({
      field,
      message: [code, bound].join(' '),
    }))
    const missing = references(spec, kind.schema)
      .filter(([to, wanted]) => !this.all(to).some((each) => each.name === wanted))
      .map(([to, wanted, field]): FieldError => ({
        field,
        message: `there is no ${to.replaceAll('_', ' ')} "${wanted}"`,
      }))
    const unknown = (assign?.customers ?? [])
      .map((wanted, index) => ({ wanted, index }))
      .filter(({ wanted }) => !this.all('customer').some((each) => each.name === wanted))
      .map(({ wanted, index }): FieldError => ({
        field: `assign.customers[${index}]`,
        message: `there is no customer "${wanted}"`,
      }))
    const errors = [...faults, ...missing, ...unknown].map((each) => ({
      ...each,
      kind: kind.kind,
      name,
    }))
    if (errors.length > 0) {
      throw new Refusal(422, 'invalid', `Nothing was applied: ${errors.length} problems.`, {
        errors,
      })
    }
  }

  /** Whatever names it follows. */
  #rename({ kind, name }: Version, next: string): void {
    for (const each of this.referrers(kind, name)) {
      const schema = this.kinds.find((known) => known.kind === each.kind)?.schema
      if (!schema) continue
      const text = JSON.stringify(each.spec)
      const spec = JSON.parse(
        text.replaceAll(JSON.stringify(name), JSON.stringify(next)),
      ) as JsonObject
      this.#put({ ...each, spec, version: each.version + 1 }, null)
    }
  }

  #put(resource: Resource, note: string | null, deleted = false): Version {
    this.snapshotNumber += 1
    const version = versionOf(resource, note, this.snapshotNumber, deleted)
    this.#versions.push(version)
    return version
  }
}

export function differences(before: JsonObject, after: JsonObject): Difference[] {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...fields]
    .filter((field) => !isEqual(before[field], after[field]))
    .map((field) => ({ field, before: before[field] ?? null, after: after[field] ?? null }))
}

function versionOf(
  resource: Resource,
  note: string | null,
  configuration: number,
  deleted = false,
): Version {
  return { ...resource, note, deleted, at: resource.updated_at, configuration }
}

/** Nothing written means all. */
function assignmentOf(assign: Assignment | null | undefined): Assignment {
  return assign ?? { all: true }
}

/** `[kind, name, field]` of all that a spec names. */
function references(
  spec: JsonObject,
  schema: FieldSchema,
  within = '',
): [string, string, string][] {
  return fieldsOf(schema).flatMap(({ name, schema: field }) =>
    ofValue(spec[name], field, within ? `${within}.${name}` : name),
  )
}

function ofValue(
  value: Json | undefined,
  schema: FieldSchema,
  path: string,
): [string, string, string][] {
  const kind = schema['x-reference']
  if (kind && typeof value === 'string' && value) return [[kind, value, path]]
  if (Array.isArray(value)) {
    const { items } = schema
    return items ? value.flatMap((each, at) => ofValue(each, items, `${path}[${at}]`)) : []
  }
  return isObject(value) ? references(value, schema, path) : []
}
