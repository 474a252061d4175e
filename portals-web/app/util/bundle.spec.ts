import { gzipSync } from 'node:zlib'

import { expect, test } from 'vitest'

import { mergeFiles, missingDecks, readBundleFile, roleOf, toBundle } from './bundle'

const yaml = (name: string, content: string) => ({ name, role: 'resources' as const, content })
const deck = (name: string, content = 'prefix,rate\n') => ({ name, role: 'deck' as const, content })

test('a file is what the end of its name says', () => {
  expect(roleOf('a.yaml')).toBe('resources')
  expect(roleOf('A.YML')).toBe('resources')
  expect(roleOf('a.csv')).toBe('deck')
  expect(roleOf('a.csv.gz')).toBe('deck')
  expect(roleOf('a.xlsx')).toBeNull()
  expect(roleOf('csv')).toBeNull()
})

test('a packed deck is unpacked', async () => {
  const file = new File([gzipSync('prefix,rate\n44,0.01\n')], 'a.csv.gz')
  expect(await readBundleFile(file)).toEqual(deck('a.csv.gz', 'prefix,rate\n44,0.01\n'))
})

test('a file that is not what its name says is refused', async () => {
  await expect(readBundleFile(new File(['plain'], 'a.csv.gz'))).rejects.toThrow()
  await expect(readBundleFile(new File([new Uint8Array([0xff, 0xfe])], 'a.csv'))).rejects.toThrow()
})

test('a file of the same name takes the place of the older one', () => {
  const merged = mergeFiles([yaml('b.yaml', 'old'), deck('c.csv')], [yaml('b.yaml', 'new')])
  expect(merged).toEqual([yaml('b.yaml', 'new'), deck('c.csv')])
})

test('a deck goes by the path that a resource names', () => {
  const files = [
    yaml('r.yaml', 'spec:\n  rates_file: "decks/a.csv.gz"  # cost\n'),
    deck('a.csv.gz'),
  ]
  expect(toBundle(files).decks).toEqual([{ path: 'decks/a.csv.gz', content: 'prefix,rate\n' }])
  expect(missingDecks(files)).toEqual([])
})

test('a deck that is named and not there is told, once', () => {
  const text = 'rates_file: a.csv\n---\n  rates_file: a.csv\n---\nrates_file:\n'
  expect(missingDecks([yaml('r.yaml', text)])).toEqual(['a.csv'])
})
