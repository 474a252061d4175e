import { expectAccessible } from '../support/axe'
import { expect, test } from '../support/test'

test.beforeEach(async ({ signIn }) => {
  await signIn()
})

test('a call that failed over shows both attempts, both rates and what is left', async ({
  page,
}) => {
  await page.goto('/cdrs?outcome=answered&refresh=off')
  await page.getByRole('row').filter({ hasText: '×2' }).first().click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Call to \+\d+$/)

  const path = page.getByRole('region', { name: 'Path of the call' })
  await expect(path).toContainText('503 Service Unavailable · Refused by the carrier')
  await expect(path).toContainText('Next route tried')
  await expect(path).toContainText('200 OK')
  await expect(path.getByRole('listitem')).toHaveCount(4)

  const timeline = page.getByRole('region', { name: 'Timeline' })
  await expect(timeline.getByRole('list').getByRole('listitem')).toHaveCount(3)
  await expect(timeline).toContainText('INVITE received')

  const money = page.getByRole('table').filter({ hasText: 'Rate card' })
  await expect(money.getByRole('row', { name: /^Customer / })).toContainText('retail-usd')
  await expect(money.getByRole('row', { name: /^Carrier / })).toContainText('1/1')
  await expect(money.getByRole('row', { name: /^Margin / })).toContainText('USD')

  const release = page.getByRole('table').filter({ hasText: 'Q.850' })
  await expect(release.getByRole('row')).toHaveCount(4)
  await expect(release).toContainText('Normal clearing')
  const media = page.getByRole('region', { name: 'Media' })
  await expect(media).toContainText(/packets, .*[kM]?B/)
  await expect(media.getByRole('row', { name: /^MOS/ })).toContainText('4.29')
  await expect(media.getByRole('row', { name: /^Jitter/ })).toContainText('1.4 ms, 6.2 ms')
  await expect(media.getByRole('row', { name: /^Round trip/ })).toContainText('–')
})

test('the record reopens by its address and its id can be copied', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.goto('/cdrs?refresh=off')
  await page.locator('[data-row-link]').first().click()
  await page.waitForURL(/\/cdrs\/[0-9a-f]{32}$/)
  const id = page.url().split('/').at(-1) ?? ''
  await page.reload()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Call to')
  await page.getByRole('button', { name: 'Copy' }).first().click()
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(id)
})

test('a call that was refused says that no carrier was tried', async ({ page }) => {
  await page.goto('/cdrs?outcome=rejected&refresh=off')
  await page.locator('[data-row-link]').first().click()
  await expect(page.getByText('No carrier was tried')).toBeVisible()
  await expect(page.getByRole('region', { name: 'Release' })).toContainText('Switch')
})

test.describe('an id that nobody has', () => {
  test.use({ expectedErrors: /status of 404/ })

  test('offers the way back to the list', async ({ page }) => {
    await page.goto(`/cdrs/${'0'.repeat(32)}`)
    await expect(page.getByText('There is no record of this call')).toBeVisible()
    await page.getByRole('link', { name: 'Call records' }).last().click()
    await expect(page).toHaveURL(/\/cdrs$/)
  })
})

test('what made the numbers of each attempt is asked for and told', async ({ page }) => {
  await page.goto('/cdrs?outcome=answered&refresh=off')
  await page.getByRole('row').filter({ hasText: 'aurora' }).first().click()
  const panel = page.getByRole('region', { name: 'Numbers sent' })
  await panel.getByRole('button', { name: 'Show what made them' }).click()
  await expect(panel).toContainText('rule 2 of CLI rules "uk-pool" presents 442079460002')
  await expectAccessible(page)
  await page.emulateMedia({ colorScheme: 'dark' })
  await expectAccessible(page)
})
