import type { Page } from '@playwright/test'

import { expectAccessible } from '../support/axe'
import { expect, signInAs, test } from '../support/test'

/** Real calls take a while to come up, to end and to reach the database. */
const CALLS_MS = 90_000

const setting = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: it says which switch is tested`)
  return value
}

const heading = (page: Page) => page.getByRole('heading', { level: 1 })
const records = (page: Page) =>
  page.getByRole('table', { name: 'Call records' }).locator('tbody').getByRole('row')

async function photograph(page: Page, name: string): Promise<void> {
  for (const width of [1280, 1440]) {
    await page.setViewportSize({ width, height: 900 })
    await page.screenshot({ path: `test-results/live-screens/${name}-${width}.png` })
  }
}

test.beforeEach(async ({ page }) => {
  await signInAs(page, setting('DIDTRON_USER'), setting('DIDTRON_PASSWORD'))
})

for (const theme of ['light', 'dark'] as const) {
  test.describe(`in ${theme}`, () => {
    test.use({ colorScheme: theme })

    test('the live page follows real calls', async ({ page }) => {
      await expect(page.getByRole('button', { name: /^Connection:/ })).toHaveText('Live')
      const callsNow = page.getByTestId('stat-calls')
      await expect
        .poll(async () => Number(await callsNow.textContent()), { timeout: CALLS_MS })
        .toBeGreaterThan(0)
      await expect(page.getByTestId('stat-cps')).toHaveText(/^\d+\.\d$/)
      await expect(page.getByTestId('stat-margin')).toHaveText(/^−?[A-Z]{3}\s\d/)

      const chart = page.getByRole('article', { name: 'Calls now' }).locator('canvas')
      const before = await chart.screenshot()
      await expect.poll(async () => (await chart.screenshot()).equals(before)).toBe(false)

      const calls = page
        .getByRole('table', { name: 'Live calls' })
        .locator('tbody')
        .getByRole('row')
      await expect.poll(() => calls.count(), { timeout: CALLS_MS }).toBeGreaterThan(1)
      await expect(calls.filter({ hasText: /Trying|Ringing|Answered/ }).first()).toBeVisible()
      await expect(page.getByTestId('stat-asr')).toHaveText(/%$/, { timeout: CALLS_MS })
      await expectAccessible(page)
      await photograph(page, `live-${theme}`)
    })

    test('calls become records that can be opened', async ({ page }) => {
      await page.goto('/cdrs?refresh=5s')
      const answered = records(page).filter({ hasText: 'Answered' })
      await expect(answered.first()).toBeVisible({ timeout: CALLS_MS })
      await expectAccessible(page)
      await photograph(page, `cdrs-${theme}`)

      await answered.first().click()
      await expect(heading(page)).toHaveText(/^Call to \+?\d+$/)
      const path = page.getByRole('region', { name: 'Path of the call' })
      await expect(path).toContainText('Attempt 1')
      await expect(path).toContainText('200 OK')
      const money = page.getByRole('group', { name: 'Rates and money' })
      await expect(money.getByRole('row', { name: /^Customer / })).toContainText(/\d\.\d{4}/)
      await expect(money.getByRole('row', { name: /^Carrier / })).toContainText(/\d\.\d{4}/)
      await expect(page.getByRole('group', { name: 'Release' })).toContainText('Normal clearing')
      await expectAccessible(page)
      await photograph(page, `cdr-${theme}`)
    })

    test('a number that was called can be explained', async ({ page }) => {
      await page.goto('/cdrs?outcome=answered&refresh=5s')
      await expect(records(page).getByRole('link').first()).toBeVisible({ timeout: CALLS_MS })
      const cells = records(page).first().getByRole('cell')
      const [customer = '', called = ''] = await Promise.all([
        cells.nth(1).textContent(),
        cells.nth(3).textContent(),
      ]).then((texts) => texts.map((text) => text?.trim()))

      await page.goto('/explain')
      await page.getByLabel('From', { exact: true }).fill('442071838750')
      await page.getByLabel('To', { exact: true }).fill(called)
      await page.getByRole('combobox', { name: 'Customer' }).fill(customer)
      await page.getByRole('button', { name: 'Explain' }).click()
      await expect(page.getByText('The call would be accepted')).toBeVisible()
      await expect(page.getByText('Tried first')).toBeVisible()
      const steps = page.getByRole('region', { name: 'Decision' }).getByRole('listitem')
      expect(await steps.count()).toBeGreaterThan(3)
      await expectAccessible(page)
      await photograph(page, `explain-${theme}`)
    })
  })
}

test('what is applied is shown, and the node is well', async ({ page }) => {
  for (const kind of ['customer', 'carrier', 'trunk', 'rate_card']) {
    await page.goto(`/configuration/${kind}`)
    await page.locator('[data-row-link]').first().click()
    await expect(page.getByRole('navigation', { name: 'Parts' })).toBeVisible()
  }
  await expectAccessible(page)
  await photograph(page, 'resource')
  await page.goto('/system')
  await expect(page.getByText('Running', { exact: true })).toBeVisible()
  await expect(page.getByText('Writing', { exact: true })).toBeVisible()
  await photograph(page, 'system')
})

test('a reload keeps the session and signing out ends it', async ({ page }) => {
  await page.reload()
  await expect(heading(page)).toHaveText('Live dashboard')
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/sign-in/)
  await page.goto('/cdrs')
  await expect(page).toHaveURL(/\/sign-in\?next=/)
})
