import { expectAccessible } from '../support/axe'
import { expect, test } from '../support/test'

test.beforeEach(async ({ signIn }, { testId }) => {
  await signIn(`exchange-${testId}`)
})

test('a rate that has moved far is confirmed after a question', async ({ page }) => {
  await page.goto('/reports/exchange-rates')
  const table = page.getByRole('group', { name: 'ecb' })
  await expect(table.getByRole('cell', { name: 'Waits for you' })).toBeVisible()
  await expect(table.getByRole('cell', { name: '13.03%' })).toBeVisible()
  await expect(page.getByText('Up to date')).toBeVisible()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Refresh now' }).click()
  await expect(page.getByText('The source was read')).toBeVisible()
  await page.getByRole('button', { name: 'Confirm' }).click()
  const sure = page.getByRole('dialog', { name: 'Confirm GBP' })
  await expect(sure.getByText(/1\.4301 USD for one GBP/)).toBeVisible()
  await sure.getByRole('button', { name: 'Confirm' }).click()
  await expect(page.getByText('The rate counts from the next midnight')).toBeVisible()
  await expect(table.getByRole('cell', { name: 'Waits for you' })).toBeHidden()
})

test('a month shows what exchange rates did to each balance', async ({ page }) => {
  await page.goto('/reports/exchange-differences')
  const table = page.getByRole('group', { name: 'Balances' })
  await expect(table.getByRole('cell', { name: 'Cairo Connect' })).toBeVisible()
  await expectAccessible(page)
  const file = page.getByRole('link', { name: 'CSV' })
  const before = await file.getAttribute('href')
  await page.getByLabel('Month (UTC)').selectOption({ index: 3 })
  await expect(file).not.toHaveAttribute('href', before ?? '')
})
