import type {
  ApplyFile,
  ApplyRequest,
  ApplyResult,
  Change,
  Difference,
  FieldError,
  Resource,
} from '~/api/__generated__/schema'

import { resources, SNAPSHOT_NUMBER } from './world.ts'

const KINDS = ['customer', 'carrier', 'trunk', 'rate_card']

/** A document of a file, with the line of its kind. */
interface Document {
  file: string
  line: number
  kind: string
  name: string
  spec: Record<string, string | number | boolean>
}

/** What is configured: the world's resources and what was applied since. */
export class Configuration {
  #resources: Resource[]
  #snapshot = SNAPSHOT_NUMBER

  constructor(startedMs: number) {
    this.#resources = resources(startedMs)
  }

  get resources(): Resource[] {
    return this.#resources
  }

  get snapshotNumber(): number {
    return this.#snapshot
  }

  /** The result, or what is wrong; then nothing has changed. */
  apply(request: ApplyRequest, dryRun: boolean): ApplyResult | FieldError[] {
    const documents = request.files.flatMap(parse)
    const faults = documents.flatMap(check)
    if (faults.length > 0) return faults
    const changes = documents.map((document) => this.#change(document))
    if (!dryRun && changes.some(({ action }) => action !== 'unchanged')) {
      for (const document of documents) this.#put(document)
      this.#snapshot += 1
    }
    return { dry_run: dryRun, snapshot_number: this.#snapshot, changes }
  }

  #find({ kind, name }: Document): Resource | undefined {
    return this.#resources.find((each) => each.kind === kind && each.name === name)
  }

  #change(document: Document): Change {
    const before = this.#find(document)
    const differences = Object.entries(document.spec)
      .map(([field, after]): Difference => ({ field, before: before?.spec[field] ?? null, after }))
      .filter(({ before: old, after }) => old !== after)
    const action = before ? (differences.length > 0 ? 'updated' : 'unchanged') : 'created'
    return { kind: document.kind, name: document.name, action, differences }
  }

  #put(document: Document): void {
    if (this.#change(document).action === 'unchanged') return
    const before = this.#find(document)
    const after: Resource = {
      kind: document.kind,
      name: document.name,
      id: before?.id ?? this.#resources.length + 1,
      version: (before?.version ?? 0) + 1,
      updated_at: new Date().toISOString(),
      spec: { ...before?.spec, ...document.spec },
    }
    this.#resources = [...this.#resources.filter((each) => each !== before), after]
  }
}

/** As much of YAML as the tests write: documents of `key: value` lines, the fields of `spec` indented. */
function parse({ path, content }: ApplyFile): Document[] {
  const documents: Document[] = []
  let current: Document | null = null
  for (const [index, line] of content.split('\n').entries()) {
    const [, indent = '', key = '', text = ''] = /^(\s*)([a-z_]+):\s*(.*?)\s*$/.exec(line) ?? []
    if (line.startsWith('---')) current = null
    if (key === '') continue
    if (!current) {
      current = { file: path, line: index + 1, kind: '', name: '', spec: {} }
      documents.push(current)
    }
    if (indent) current.spec[key] = scalar(text)
    else if (key === 'kind' || key === 'name') current[key] = text
  }
  return documents
}

function scalar(text: string): string | number | boolean {
  if (/^-?\d+$/.test(text)) return Number(text)
  return text === 'true' || text === 'false' ? text === 'true' : text.replaceAll(/^"|"$/g, '')
}

function check({ file, line, kind, name, spec }: Document): FieldError[] {
  const fault = (field: string, message: string): FieldError => ({
    file,
    line,
    column: 1,
    kind: KINDS.includes(kind) ? kind : null,
    name,
    field,
    message,
  })
  if (!KINDS.includes(kind)) return [fault('kind', `\`${kind}\` is none of ${KINDS.join(', ')}`)]
  const limit = spec['cps_limit']
  if (limit === undefined || (typeof limit === 'number' && limit > 0)) return []
  return [fault('spec.cps_limit', 'must be a whole number from 1 on; leave it out for no limit')]
}
