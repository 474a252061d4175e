import { expectAccessible } from '../support/axe'
import { expect, test } from '../support/test'

test.beforeEach(async ({ signIn }, { testId }) => {
  await signIn(`nettings-${testId}`)
})

test('a statement is confirmed, then paid, and each asks first', async ({ page }) => {
  await page.goto('/reports/nettings')
  await expect(page.getByText('Under way')).toBeVisible()
  await page.getByRole('link', { name: '2', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: /Netting 2/ })).toBeVisible()
  const lines = page.getByRole('group', { name: 'By currency' })
  await expect(lines.getByRole('cell', { name: '1.0842' })).toBeVisible()
  await expectAccessible(page)

  await page.getByRole('button', { name: 'Confirm' }).click()
  const dialog = page.getByRole('dialog', { name: 'Netting 2' })
  await expect(dialog.getByText(/393\.30/)).toBeVisible()
  await dialog.getByRole('button', { name: 'Confirm' }).click()
  await expect(page.getByText('To be paid', { exact: true })).toBeVisible()

  await page.getByRole('button', { name: 'Post the payment' }).click()
  await dialog.getByLabel('Reference').fill('wire 9')
  await dialog.getByRole('button', { name: 'Post the payment' }).click()
  await expect(page.getByText('Paid', { exact: true }).first()).toBeVisible()
  await expect(page.getByRole('button', { name: 'Post the payment' })).toBeHidden()
})
