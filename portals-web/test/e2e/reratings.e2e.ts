import { expectAccessible } from '../support/axe'
import { expect, test } from '../support/test'

test.beforeEach(async ({ signIn }, { testId }) => {
  await signIn(`reratings-${testId}`)
})

test('a preview shows its differences, and posting them asks first', async ({ page }) => {
  await page.goto('/reports/reratings')
  await page.getByRole('button', { name: 'Rate calls once more' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Rate calls once more' })
  await dialog.getByRole('button', { name: 'Preview' }).click()
  await expect(dialog.getByText('Fill in this field.').first()).toBeVisible()
  await dialog.getByLabel('First day (UTC)').fill('2026-03-01')
  await dialog.getByLabel('Last day (UTC)').fill('2026-03-31')
  await dialog.getByRole('button', { name: 'Preview' }).click()

  await expect(page.getByRole('heading', { level: 1, name: /Re-rating 1/ })).toBeVisible()
  const table = page.getByRole('group', { name: 'What would change' })
  await expect(table.getByRole('cell', { name: '840' })).toBeVisible()
  await expect(page.getByText('No rate for the number')).toBeVisible()

  await expectAccessible(page)
  await page.getByRole('button', { name: 'Post the difference' }).click()
  const sure = page.getByRole('dialog', { name: 'Re-rating 1' })
  await expect(sure.getByText(/Post 840 corrections/)).toBeVisible()
  await sure.getByRole('button', { name: 'Post the difference' }).click()
  await expect(page.getByText('Posted', { exact: true })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Post the difference' })).toBeHidden()
})
