/** The files of one apply, read in the browser: resources in YAML and the rate decks that they name. */

export type FileRole = 'resources' | 'deck'

export interface BundleFile {
  /** Its name, as errors show it. One name is held once: a newer file takes the older one's place. */
  name: string
  role: FileRole
  content: string
}

/** Most characters of all files together. The switch takes 128 MiB of JSON, which is a little longer. */
export const BUNDLE_LENGTH_MAX = 96 * 1024 * 1024

/** What a file is by the end of its name, or null when an apply has no use for it. */
export function roleOf(name: string): FileRole | null {
  if (/\.ya?ml$/i.test(name)) return 'resources'
  return /\.csv(\.gz)?$/i.test(name) ? 'deck' : null
}

/** The text of a file; a deck may be packed with gzip. Throws when it is not what its name says. */
export async function readBundleFile(file: File): Promise<BundleFile | null> {
  const role = roleOf(file.name)
  if (role === null) return null
  const stream = file.stream()
  const plain = file.name.toLowerCase().endsWith('.gz')
    ? stream.pipeThrough(new DecompressionStream('gzip'))
    : stream
  return { name: file.name, role, content: await readText(plain) }
}

/** The files with the newer ones among them, in the order of their names. */
export function mergeFiles(
  files: readonly BundleFile[],
  newer: readonly BundleFile[],
): BundleFile[] {
  const byName = new Map([...files, ...newer].map((file) => [file.name, file]))
  return [...byName.values()].toSorted((a, b) => a.name.localeCompare(b.name))
}

export function bundleLength(files: readonly BundleFile[]): number {
  return files.reduce((sum, { content }) => sum + content.length, 0)
}

/** What the API is sent. A deck goes by the path that a resource names it by. */
export function toBundle(files: readonly BundleFile[]) {
  const resources = files.filter(({ role }) => role === 'resources')
  const named = resources.flatMap(({ content }) => deckPaths(content))
  return {
    files: resources.map(({ name, content }) => ({ path: name, content })),
    decks: files
      .filter(({ role }) => role === 'deck')
      .map(({ name, content }) => ({
        path: named.find((path) => path.split('/').at(-1) === name) ?? name,
        content,
      })),
  }
}

/** Decks that are named and not there. The switch would refuse them, later and one by one. */
export function missingDecks(files: readonly BundleFile[]): string[] {
  const { files: resources, decks } = toBundle(files)
  const present = new Set(decks.map(({ path }) => path))
  const named = new Set(resources.flatMap(({ content }) => deckPaths(content)))
  return [...named].filter((path) => !present.has(path))
}

/** The switch parses the YAML; for finding which decks go along, a plain reading of lines is enough. */
function deckPaths(yaml: string): string[] {
  return [...yaml.matchAll(/^[ \t]*rates_file:(.*)$/gm)].flatMap(([, value = '']) => {
    const path = (value.split(' #')[0] ?? '').trim().replaceAll(/^["']|["']$/g, '')
    return path ? [path] : []
  })
}

/** Stops at the limit: a small packed file may hold a very long text. */
async function readText(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const reader = stream.getReader()
  const parts: string[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const part = decoder.decode(value, { stream: true })
    length += part.length
    if (length > BUNDLE_LENGTH_MAX) {
      await reader.cancel()
      throw new RangeError('longer than a bundle may be')
    }
    parts.push(part)
  }
  return parts.join('') + decoder.decode()
}
