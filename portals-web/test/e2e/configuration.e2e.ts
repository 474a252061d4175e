import { expect, test } from '../support/test'

test.beforeEach(async ({ signIn }) => {
  await signIn()
})

test('kinds are listed with their counts and versions', async ({ page }) => {
  await page.goto('/configuration')
  await expect(page).toHaveURL(/\/configuration\/customer$/)
  const tabs = page.getByRole('navigation', { name: 'Configuration', exact: true })
  await expect(tabs.getByRole('link', { name: 'Trunks 6' })).toBeVisible()
  await tabs.getByRole('link', { name: 'Trunks 6' }).click()
  await expect(
    page.getByRole('table', { name: 'Trunks' }).locator('tbody').getByRole('row'),
  ).toHaveCount(6)
})

test('a name filters the list and stays in the address', async ({ page }) => {
  await page.goto('/configuration/trunk')
  await page.getByRole('link', { name: 'aurora-fra' }).waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('aurora')
  await expect(page).toHaveURL(/q=aurora/)
  await expect(page.locator('tbody').getByRole('row')).toHaveCount(1)
  await page.getByRole('searchbox').fill('zzz')
  await expect(page.getByText('No name contains “zzz”')).toBeVisible()
})

test('a resource shows its fields as they are applied', async ({ page }) => {
  await page.goto('/configuration/trunk')
  await page.getByRole('link', { name: 'aurora-fra' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('aurora-fra')
  await expect(page.getByRole('region', { name: 'Fields' })).toContainText('127.0.0.21:5060')
  await expect(page.getByText('Version 3')).toBeVisible()
})

test('a name that nobody has is told', async ({ page }) => {
  await page.goto('/configuration/carrier/nobody')
  await expect(page.getByText('There is no carrier “nobody”')).toBeVisible()
})

test('the node says how it is', async ({ page }) => {
  await page.goto('/system')
  await expect(page.getByText('Running')).toBeVisible()
  await expect(page.getByRole('region', { name: 'Call journal' })).toContainText('Up to date')
  await expect(page.getByRole('region', { name: 'SIP listeners' })).toContainText('127.0.0.10:5060')
})
