import { expect, test } from 'vitest'

import { browserName } from './browser-name'

test('a browser is told apart from those that it claims to be', () => {
  const edge =
    'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0'
  expect(browserName(edge)).toBe('Edge, Windows')
  expect(browserName('Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0')).toBe(
    'Firefox, Linux',
  )
  expect(browserName('curl/8.1')).toBe('curl')
  expect(browserName('something')).toBeNull()
})
