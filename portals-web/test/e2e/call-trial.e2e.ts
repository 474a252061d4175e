import type { Page } from '@playwright/test'

import { expectAccessible } from '../support/axe'
import { expect, test } from '../support/test'

test.beforeEach(async ({ signIn }, { testId }) => {
  await signIn(`operator-${testId}`)
})

const panel = (page: Page) => page.getByRole('region', { name: 'Test a call' })

async function ask(page: Page) {
  await panel(page).getByLabel('Called number').fill('+33142685300')
  await panel(page).getByLabel('Calling number').fill('442071838750')
  await panel(page).getByLabel('Asserted number').fill('442071838751')
  await panel(page).getByLabel('The caller asks to stay anonymous (Privacy)').check()
  await panel(page).getByRole('button', { name: 'Test' }).click()
}

test('a customer’s calls are tried where its number rules stand', async ({ page }) => {
  await page.goto('/configuration/customer/Cairo%20Connect?tab=advanced')
  await ask(page)
  await expect(panel(page)).toContainText('Taken by trunk cairo-1 as a call to 33142685300')
  await expect(panel(page)).toContainText('respects that the caller wants to stay anonymous')
  const sent = panel(page).getByRole('list', { name: 'What carriers would be sent' })
  await expect(sent.getByRole('listitem').filter({ hasText: 'aurora' }).first()).toContainText(
    'presents 442079460002 in place of 442071838750',
  )
  await expect(sent).toContainText('Asserted: 442071838751')
  await expect(sent).toContainText('Anonymous in From')
  await expect(sent).toContainText('number list "premium" does not let the call through')
  await expect(page).toHaveURL(/tab=advanced/)
  await expectAccessible(page)
  await panel(page).screenshot({ path: 'test-results/call-trial-light.png' })
  await page.emulateMedia({ colorScheme: 'dark' })
  await expectAccessible(page)
  await panel(page).screenshot({ path: 'test-results/call-trial-dark.png' })
})

test('a call of any customer is tried at a number list', async ({ page }) => {
  await page.goto('/configuration/number_list')
  await page.locator('[data-row-link]').first().click()
  await panel(page).getByRole('combobox', { name: 'Customer' }).fill('Pampas Voice')
  await ask(page)
  await expect(panel(page)).toContainText('Taken by trunk pampas-1')
})

test.describe('what cannot be tried', () => {
  test.use({ expectedErrors: /status of 422/ })

  test('a customer that there is not is named', async ({ page }) => {
    await page.goto('/configuration/number_list')
    await page.locator('[data-row-link]').first().click()
    await panel(page).getByRole('combobox', { name: 'Customer' }).fill('Nobody')
    await ask(page)
    await expect(panel(page).getByRole('alert')).toContainText('no customer is called "Nobody"')
  })
})
