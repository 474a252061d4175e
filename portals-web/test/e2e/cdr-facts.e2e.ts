import type { Page } from '@playwright/test'

import { expectAccessible } from '../support/axe'
import { expect, test } from '../support/test'

const rows = (page: Page) =>
  page.getByRole('table', { name: 'Call records' }).locator('tbody').getByRole('row')

test.beforeEach(async ({ signIn }) => {
  await signIn()
})

test('a call is found by a fact, which its address keeps', async ({ page }) => {
  await page.goto('/cdrs?refresh=off')
  await expect(rows(page)).toHaveCount(50)
  await page.getByRole('button', { name: 'More' }).click()
  const editor = page.getByRole('dialog', { name: 'More' })
  await editor.getByLabel('Find by').selectOption('SIP status')
  await editor.getByLabel('Value').fill('many')
  await editor.getByRole('button', { name: 'Apply' }).click()
  await expect(editor).toContainText('Write a whole number')
  await expectAccessible(page)
  await editor.getByLabel('Value').fill('486')
  await editor.getByRole('button', { name: 'Apply' }).click()
  await expect(page).toHaveURL(/sip_status=486/)
  await expect(rows(page).first()).toBeVisible()
  await expect(rows(page).getByText('Answered')).toHaveCount(0)

  await page.getByRole('button', { name: 'More' }).click()
  await editor.getByLabel('Find by').selectOption('Answered')
  await editor.getByLabel('Value').selectOption('Yes')
  await editor.getByRole('button', { name: 'Apply' }).click()
  await expect(page).toHaveURL(/answered=true/)
  await expect(page.getByText('No call matches the filters')).toBeVisible()

  await page.reload()
  await expect(page.getByRole('button', { name: 'SIP status 486' })).toBeVisible()
  await page.getByRole('button', { name: 'Remove the filter Answered' }).click()
  await expect(page).not.toHaveURL(/answered=/)
  await expect(rows(page).first()).toBeVisible()
  await page.getByRole('button', { name: 'SIP status 486' }).click()
  await page.getByRole('dialog').getByLabel('SIP status').fill('200')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/sip_status=200/)
  await expect(rows(page).getByText('Answered')).toHaveCount(50)
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await expect(page).not.toHaveURL(/sip_status=/)
})

test('a search that stopped says how far it came', async ({ page }) => {
  await page.goto('/cdrs?gateway=192.0.2.99')
  await expect(page.getByText(/searched as far as 2026-03-01/)).toBeVisible()
})

test('the list and its totals say which days are not kept any more', async ({ page }) => {
  const note = /the records of 59 days between 2026-01-01.* and 2026-03-01.* are not kept any more/
  await page.goto('/cdrs?customer=Nobody')
  await expect(page.getByText('No call matches the filters')).toBeVisible()
  await expect(page.getByText(note)).toHaveCount(0)
  await page.goto('/cdrs?customer=Nobody&from=2026-01-05T00:00:00Z')
  await expect(page.getByText(note)).toHaveCount(2)
  // On the first of many pages only the totals are without them.
  await page.goto('/cdrs?from=2026-01-05T00:00:00Z')
  await expect(rows(page)).toHaveCount(50)
  await expect(page.getByText(note)).toHaveCount(1)
})
