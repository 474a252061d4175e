import { expect, test } from 'vitest'

import { recentMonths } from './recent-months'

test('months go back over the new year by their days in UTC', () => {
  const months = recentMonths(new Date('2026-01-31T23:59:59Z'))
  expect(months.slice(0, 3)).toEqual(['2026-01', '2025-12', '2025-11'])
  expect(months).toHaveLength(13)
  expect(months.at(-1)).toBe('2025-01')
})
