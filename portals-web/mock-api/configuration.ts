import type { ApplyFile, ApplyRequest, ApplyResult, FieldError } from '~/api/__generated__/schema'

import type { ResourceStore } from './resource-store.ts'

const KINDS = ['customer', 'carrier', 'trunk', 'rate_card']

/** A document of a file, with the line of its kind. */
interface Document {
  file: string
  line: number
  kind: string
  name: string
  spec: Record<string, string | number | boolean>
}

/** The result of applying files, or what is wrong; then nothing has changed. */
export function applyFiles(
  store: ResourceStore,
  request: ApplyRequest,
  dryRun: boolean,
): ApplyResult | FieldError[] {
  const documents = request.files.flatMap(parse)
  const faults = documents.flatMap(check)
  if (faults.length > 0) return faults
  const changes = documents.map(({ kind, name, spec }) => store.change(kind, name, spec, dryRun))
  return { dry_run: dryRun, snapshot_number: store.snapshotNumber, changes }
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
