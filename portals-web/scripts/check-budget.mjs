// Fails when the built console is too heavy or breaks the Content-Security-Policy it is served with.
// Runs on dist/: build first.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const KIB = 1024
/** Script and style that the first page (live, signed in) needs. */
const FIRST_ROUTE_MAX = 225 * KIB
/** What any other page adds to it. */
const LAZY_ROUTE_MAX = 120 * KIB
const FIRST_ROUTE = /^(AdminLayout|LivePage)-/
/** The texts that come with it; those of the other areas come with their pages. */
const FIRST_TEXTS = /^live-.*\.js$/

const dist = join(import.meta.dirname, '../dist')
const assets = join(dist, 'assets')
const files = readdirSync(assets)
const html = readFileSync(join(dist, 'index.html'), 'utf8')
const problems = []

const entries = [...html.matchAll(/\/assets\/([^"']+\.(?:js|css))/g)].map(([, name]) => name)
const pages = files.filter((name) => /(Page|Layout|layers)-.*\.js$/.test(name))
const first = closure([
  ...entries,
  ...pages.filter((name) => FIRST_ROUTE.test(name)),
  ...files.filter((name) => FIRST_TEXTS.test(name)),
])
const firstSize = size(first) + gzipSync(readFileSync(join(dist, 'boot-theme.js'))).length
report('first route', firstSize, FIRST_ROUTE_MAX)
for (const page of pages.filter((name) => !FIRST_ROUTE.test(name))) {
  const added = [...closure([page])].filter((name) => !first.has(name))
  report(page.replace(/-.*/, ''), size(added), LAZY_ROUTE_MAX)
}

if (/<script(?![^>]*\bsrc=)/.test(html)) problems.push('index.html has an inline script')
if (/<style|\sstyle=|\son[a-z]+=/.test(html))
  problems.push('index.html has inline style or handlers')
const unhashed = files.filter((name) => !/-[\w-]{8}\.\w+$/.test(name))
if (unhashed.length > 0) problems.push(`assets without a hash: ${unhashed.join(', ')}`)

for (const problem of problems) console.error(`budget: ${problem}`)
process.exit(problems.length > 0 ? 1 : 0)

function report(name, bytes, max) {
  const text = `${name}: ${(bytes / KIB).toFixed(1)} KiB gzip of ${max / KIB}`
  console.log(text)
  if (bytes > max) problems.push(text)
}

/** A chunk with all that it imports at once, and the styles that its import brings along. */
function closure(names) {
  const seen = new Set()
  const queue = [...names]
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (seen.has(name)) continue
    seen.add(name)
    if (!name.endsWith('.js')) continue
    const text = readFileSync(join(assets, name), 'utf8')
    const imported = [...text.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)]
    queue.push(...imported.map(([, target]) => target))
    queue.push(...files.filter((file) => file.endsWith('.css') && base(file) === base(name)))
  }
  return seen
}

function base(name) {
  return name.replace(/-[\w-]{8}\.\w+$/, '')
}

function size(names) {
  return [...names].reduce(
    (sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length,
    0,
  )
}
