import { expect, test } from '../support/test'

test.beforeEach(async ({ page, signIn }) => {
  await signIn()
  await page.goto('/explain')
})

test('an accepted call shows its steps, its routes and why the others lost', async ({ page }) => {
  await page.getByLabel('From', { exact: true }).fill('+44 20 7183 8750')
  await page.getByLabel('To', { exact: true }).fill('+20 10 0123 4567')
  await page.getByRole('combobox', { name: 'Customer' }).fill('Cairo Connect')
  await page.getByRole('button', { name: 'Explain' }).click()

  await expect(page).toHaveURL(/to=201001234567/)
  await expect(page.getByRole('status').first()).toContainText(
    '2 routes would be tried, first borealis.',
  )
  const routes = page.getByRole('region', { name: 'Routes' }).getByRole('row')
  await expect(routes.nth(1)).toContainText('Tried first')
  await expect(routes.nth(1)).toContainText('0.1175')
  await expect(routes.nth(2)).toContainText('Failover')
  await expect(routes.nth(3)).toContainText('Its card has no rate for this number')
  const steps = page.getByRole('region', { name: 'Decision' }).getByRole('listitem')
  await expect(steps).toHaveCount(5)
  await expect(page.getByRole('region', { name: 'Customer’s rate' })).toContainText('0.1420 USD')

  await page.reload()
  await expect(routes.nth(1)).toContainText('Tried first')
  await expect(page.getByRole('combobox', { name: 'Customer' })).toHaveValue('Cairo Connect')
})

test('what a carrier’s rules make of the numbers stands at its route', async ({ page }) => {
  await page.getByLabel('From', { exact: true }).fill('442071838750')
  await page.getByLabel('To', { exact: true }).fill('+20 10 0123 4567')
  await page.getByRole('combobox', { name: 'Customer' }).fill('Cairo Connect')
  await page.getByRole('button', { name: 'Explain' }).click()
  const aurora = page.getByRole('region', { name: 'Routes' }).getByRole('row', { name: /aurora/ })
  await expect(aurora).toContainText('442079460002 → 201001234567')
  await expect(aurora).toContainText('presents 442079460002 in place of 442071838750')
})

test('a rejected call shows where it ended', async ({ page }) => {
  await page.getByLabel('From', { exact: true }).fill('442071838750')
  await page.getByLabel('To', { exact: true }).fill('0001')
  await page.getByRole('combobox', { name: 'Customer' }).fill('Cairo Connect')
  await page.getByRole('button', { name: 'Explain' }).click()
  await expect(page.getByRole('status').first()).toContainText('The call would be rejected')
  await expect(page.getByRole('status').first()).toContainText('No rate on the customer’s card')
  await expect(
    page.getByRole('region', { name: 'Decision' }).getByText('Rejected here'),
  ).toBeVisible()
  await expect(page.getByText('The decision ended before routes were looked at.')).toBeVisible()
})

test('a caller can be given by address', async ({ page }) => {
  await page.getByLabel('From', { exact: true }).fill('442071838750')
  await page.getByLabel('To', { exact: true }).fill('447700900123')
  await page.getByText('Source address', { exact: true }).click()
  await page.getByLabel('Source IP address').fill('192.0.2.99')
  await page.getByRole('button', { name: 'Explain' }).click()
  await expect(page).toHaveURL(/source=192\.0\.2\.99/)
  await expect(page.getByRole('status').first()).toContainText('Unknown source address')
})

test('fields are checked before the switch is asked', async ({ page }) => {
  await page.getByLabel('To', { exact: true }).fill('12x')
  await page.getByRole('button', { name: 'Explain' }).click()
  await expect(page.getByText('Digits only, with or without +.')).toBeVisible()
  await expect(page.getByText('Fill in this field.')).toHaveCount(2)
  await expect(page.getByLabel('From', { exact: true })).toBeFocused()
  await expect(page).toHaveURL(/\/explain$/)
})

test.describe('an error of the switch', () => {
  test.use({ expectedErrors: /status of 500/ })

  test('leaves the form as it is', async ({ page }) => {
    await page.goto('/explain?from=1&to=9991&customer=Cairo+Connect')
    await expect(page.getByRole('alert')).toContainText('The switch had an error')
    await expect(page.getByLabel('To', { exact: true })).toHaveValue('9991')
  })
})
