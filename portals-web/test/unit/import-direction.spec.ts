import { expect, test } from 'vitest'

import { sources } from './sources'

/** What a folder may import from, besides itself. Arrows point down only. */
const MAY_IMPORT: Record<string, string[]> = {
  util: [],
  i18n: [],
  ui: [],
  stores: ['util', 'i18n'],
  api: ['util'],
  hooks: ['api', 'stores', 'util', 'i18n'],
  components: ['ui', 'hooks', 'api', 'stores', 'util', 'i18n'],
  table: ['components', 'ui', 'hooks', 'api', 'stores', 'util', 'i18n'],
  forms: ['components', 'ui', 'hooks', 'api', 'stores', 'util', 'i18n'],
  layouts: ['components', 'ui', 'hooks', 'api', 'stores', 'util', 'i18n'],
  pages: ['table', 'forms', 'components', 'ui', 'hooks', 'api', 'stores', 'util', 'i18n'],
  'routes.tsx': ['pages', 'layouts', 'api', 'util', 'i18n'],
  'main.tsx': ['routes', 'api', 'stores', 'i18n', 'ui'],
}

interface Import {
  from: string
  to: string
  path: string
  target: string
}

const imports = sources('app')
  .filter(({ path }) => !/\.spec\.tsx?$/.test(path))
  .flatMap(({ path, text }): Import[] => {
    const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*'(~\/|\.{1,2}\/)([^']*)'/g)]
    return targets.map(([, prefix = '', rest = '']) => {
      const target = prefix === '~/' ? `app/${rest}` : resolve(path, prefix + rest)
      return { path, target, from: folder(path), to: folder(target) }
    })
  })

test('the sources are seen', () => {
  expect(imports.length).toBeGreaterThan(300)
  expect(Object.keys(MAY_IMPORT)).toEqual(
    expect.arrayContaining([...new Set(imports.map(({ from }) => from))]),
  )
})

test('imports point down only', () => {
  const wrong = imports
    .filter(({ from, to }) => from !== to && !MAY_IMPORT[from]?.includes(to))
    .map(({ path, target }) => `${path} imports ${target}`)
  expect(wrong).toEqual([])
})

test('portals never import each other’s pages', () => {
  const portal = (path: string) => /^app\/pages\/([a-z]+)\//.exec(path)?.[1]
  const wrong = imports
    .filter(({ path, target }) => {
      const [own, other] = [portal(path), portal(target)]
      return own !== undefined && other !== undefined && own !== other
    })
    .map(({ path, target }) => `${path} imports ${target}`)
  expect(wrong).toEqual([])
})

function folder(path: string): string {
  return path.split('/')[1] ?? ''
}

function resolve(path: string, target: string): string {
  return new URL(target, `file:///${path}`).pathname.slice(1)
}
