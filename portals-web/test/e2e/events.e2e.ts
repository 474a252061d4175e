import type { Page } from '@playwright/test'

import { expect, test } from '../support/test'

test.beforeEach(async ({ signIn }, { testId }) => {
  await signIn(`events-${testId}`)
})

const rows = (page: Page) => page.locator('tbody').getByRole('row')
const numbers = async (page: Page) =>
  (await page.locator('tbody tr td:last-child').allTextContents()).map(Number)
const newest = async (page: Page) => Math.max(0, ...(await numbers(page)))

test('what happens comes by itself, across streams that end, and nothing is missed', async ({
  page,
}) => {
  await page.goto('/system/events')
  await expect(page.getByRole('status', { name: 'Connection of this list' })).toHaveText('Live')
  const first = await newest(page)
  // The mock ends each stream after eight events.
  await expect.poll(() => newest(page), { timeout: 200_000 }).toBeGreaterThan(first + 10)
  const seen = await numbers(page)
  expect(seen).toEqual(seen.map((_, at) => (seen[0] ?? 0) - at))
})

test('a list that is held stands still, and goes on with what came meanwhile', async ({ page }) => {
  await page.goto('/system/events')
  await rows(page).first().waitFor()
  await page.getByRole('button', { name: 'Pause' }).click()
  const held = await newest(page)
  await page.getByRole('button', { name: /^Resume, [2-9]\d* new$/ }).waitFor()
  expect(await newest(page)).toBe(held)
  await page.getByRole('button', { name: /^Resume/ }).click()
  await expect.poll(() => newest(page)).toBeGreaterThan(held + 1)
})

test('events are filtered by what happened, and older ones are paged', async ({ page }) => {
  await page.goto('/system/events')
  await page.getByRole('button', { name: 'What', exact: true }).click()
  await page.getByRole('textbox', { name: 'What' }).fill('change_set')
  await page.getByRole('button', { name: 'change_set.*' }).click()
  await expect(page).toHaveURL(/kind=change_set/)
  await expect(page.getByRole('button', { name: 'trunk.updated' })).toHaveCount(0)
  await expect(page.getByRole('button', { name: 'change_set.pushed' }).first()).toBeVisible()
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await page.getByRole('button', { name: 'Older' }).waitFor()
  const before = await newest(page)
  await page.getByRole('button', { name: 'Older' }).click()
  await expect(page.getByRole('button', { name: 'Pause' })).toHaveCount(0)
  await expect.poll(() => newest(page)).toBeLessThanOrEqual(before - 50)
  await expect(rows(page).first()).toBeVisible()
  await page.getByRole('button', { name: 'Newest' }).click()
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible()
})

test('an event leads to what it is about, and shows the rest of it', async ({ page }) => {
  await page.goto('/system/events?kind=carrier.deleted')
  await expect(page.getByText('carrier/former').first()).toBeVisible()
  await expect(page.getByRole('link', { name: 'carrier/former' })).toHaveCount(0)
  await page.goto('/system/events?kind=trunk.updated')
  await page.getByRole('button', { name: 'Pause' }).click()
  await rows(page).first().getByRole('button', { name: 'trunk.updated' }).click()
  const dialog = page.getByRole('dialog', { name: /^Event \d+$/ })
  await expect(dialog).toContainText('"configuration"')
  await dialog.getByRole('link', { name: 'All that happened to it' }).click()
  await expect(page).toHaveURL(/subject=/)
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByRole('link', { name: 'trunk/aurora-fra' }).first().click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('aurora-fra')
})

test.describe('without a stream', () => {
  test.use({ expectedErrors: /503/ })

  test('the list is shown and says that it is offline', async ({ page, signIn }) => {
    await signIn('offline')
    await page.goto('/system/events')
    await expect(rows(page)).toHaveCount(50)
    await expect(page.getByRole('status', { name: 'Connection of this list' })).toHaveText(
      'Offline',
    )
  })
})
