import type { Page } from '@playwright/test'

import { expectAccessible } from '../support/axe'
import { expect, test } from '../support/test'

const rows = (page: Page) =>
  page.getByRole('group', { name: 'What becomes of the numbers' }).locator('tbody tr')

test.beforeEach(async ({ page, signIn }, { testId }) => {
  await signIn(`operator-${testId}`)
  await page.goto('/configuration/translation_rules/new')
  await page.getByLabel('Name', { exact: true }).fill('national')
  await page.getByRole('button', { name: 'Add a row' }).click()
  await page.getByLabel('Prefix').fill('00')
  await page.getByRole('button', { name: 'Add a row' }).click()
  await page.getByLabel('Pattern').nth(1).fill('0([1-9][0-9]+)')
  await page.getByLabel('Replacement').nth(1).fill('44$1')
})

test('rules that are not saved are tried on numbers as they are written', async ({ page }) => {
  const panel = page.getByRole('region', { name: 'Test numbers' })
  await expect(panel.getByText('Write a number to see which rule fits it')).toBeVisible()
  await panel.getByLabel('Sample numbers').fill('07400123456\n00442071838750\nalice\n07400123456')
  await expect(rows(page)).toHaveCount(3)
  await expect(rows(page).nth(0)).toContainText('Rule 2')
  await expect(rows(page).nth(0)).toContainText('447400123456')
  await expect(rows(page).nth(0)).toContainText('Mobile, GB')
  await expect(rows(page).nth(1)).toContainText('Rule 1')
  await expect(rows(page).nth(1)).toContainText('Fixed line, GB')
  await expect(rows(page).nth(2)).toContainText('None fits')
  await expect(rows(page).nth(2)).toContainText('No international number')

  // The answer follows the rules of the form.
  await page.getByLabel('Replacement').nth(1).fill('49$1')
  await expect(rows(page).nth(0)).toContainText('497400123456')
  await expect(rows(page).nth(0)).toContainText('there is no such length')
  await expect(page).toHaveURL(/translation_rules\/new$/)
  await expectAccessible(page)
})

test('a dark console shows the same', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.getByLabel('Sample numbers').fill('07400123456')
  await expect(rows(page)).toHaveCount(1)
  await expectAccessible(page)
})

test.describe('what cannot be tried', () => {
  test.use({ expectedErrors: /status of (422|500)/ })

  test('a rule at fault is named, and forgotten when it is mended', async ({ page }) => {
    await page.getByLabel('Sample numbers').fill('07400123456')
    await expect(rows(page)).toHaveCount(1)
    await page.getByLabel('Pattern').nth(1).fill('0([1-9]')
    const notice = page.getByRole('alert')
    await expect(notice).toContainText('The rules could not be tried')
    await expect(notice).toContainText('unclosed group')
    await page.getByLabel('Pattern').nth(1).fill('0([1-9]+)')
    await expect(notice).toHaveCount(0)
    await expect(rows(page)).toHaveCount(1)
  })

  test('an error of the switch leaves the form as it is', async ({ page }) => {
    await page.getByLabel('Sample numbers').fill('9991')
    await expect(page.getByRole('alert')).toContainText('The rules could not be tried')
    await expect(page.getByLabel('Name', { exact: true })).toHaveValue('national')
  })
})

test('too many numbers are not asked for', async ({ page }) => {
  const many = Array.from({ length: 101 }, (_, place) => String(1000 + place))
  await page.getByLabel('Sample numbers').fill(many.join('\n'))
  await expect(page.getByText('At most 100 numbers can be tried at once.')).toBeVisible()
  await expect(rows(page)).toHaveCount(0)
})
