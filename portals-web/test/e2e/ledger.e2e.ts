import { expectAccessible } from '../support/axe'
import { expect, test } from '../support/test'

test.beforeEach(async ({ signIn }, { testId }) => {
  await signIn(`ledger-${testId}`)
})

test('a payment is asked about, posted once, and stands among the movements', async ({ page }) => {
  await page.goto('/configuration/customer/Cairo Connect?tab=balance')
  const balance = page.getByRole('region', { name: 'Balance' })
  await expect(balance).toContainText('USD')
  await expectAccessible(page)
  await balance.getByRole('button', { name: 'Post a payment' }).click()
  const form = page.getByRole('dialog', { name: 'Payment of Cairo Connect' })
  await form.getByRole('button', { name: 'Continue' }).click()
  await expect(form.getByText('Fill in this field.')).toBeVisible()
  await form.getByLabel('Amount').fill('1,5')
  await page.keyboard.press('Enter')
  await expect(form.getByText('Write a number above zero')).toBeVisible()
  await form.getByLabel('Amount').fill('250.5')
  await form.getByLabel('Reference').fill('wire 7')
  await expectAccessible(page)
  await page.keyboard.press('Enter')
  await expect(form.getByRole('status')).toContainText('a payment of USD 250.50')
  await form.getByRole('button', { name: 'Back' }).click()
  await expect(form.getByLabel('Amount')).toHaveValue('250.5')
  await form.getByRole('button', { name: 'Continue' }).click()
  await form.getByRole('button', { name: 'Post it' }).click()
  await expect(page.getByText('Posted; the balance is')).toBeVisible()
  const row = page.getByRole('region', { name: 'Movements' }).getByRole('row').nth(1)
  await expect(row).toContainText('Payment')
  await expect(row).toContainText('wire 7')
})

test('a carrier has a balance too', async ({ page }) => {
  await page.goto('/configuration/carrier')
  await page.locator('[data-row-link]').first().click()
  await page
    .getByRole('navigation', { name: 'Parts' })
    .getByRole('link', { name: 'Balance' })
    .click()
  await expect(page.getByRole('region', { name: 'Balance' })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Statement as CSV' })).toHaveAttribute(
    'href',
    /carriers\/\d+\/statement\?format=csv/,
  )
})
