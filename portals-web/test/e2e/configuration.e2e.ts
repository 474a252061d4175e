import type { Page } from '@playwright/test'

import { expect, test } from '../support/test'

/** Each test signs in as somebody of its own: the mock keeps a configuration for each user. */
let user = ''
test.beforeEach(async ({ signIn }, { testId }) => {
  user = `operator-${testId}`
  await signIn(user)
})

const rows = (page: Page) => page.locator('tbody').getByRole('row')

test('a list is searched, filtered and sorted by the switch, and all of it stays in the address', async ({
  page,
}) => {
  await page.goto('/configuration')
  await expect(page).toHaveURL(/\/configuration\/customer$/)
  await page.goto('/configuration/trunk')
  await expect(rows(page)).toHaveCount(6)
  await page.getByRole('button', { name: 'Direction', exact: true }).first().click()
  await page.getByRole('button', { name: 'Egress' }).click()
  await expect(rows(page)).toHaveCount(3)
  await page.getByRole('table').getByRole('button', { name: 'Name' }).click()
  await expect(page).toHaveURL(/sort=-name/)
  await expect(rows(page).first()).toContainText('cirrus-lon')
  await page.keyboard.press('/')
  await page.keyboard.type('aur')
  await expect(rows(page)).toHaveCount(1)
  await expect(page).toHaveURL(/q=aur/)
  await page.reload()
  await expect(rows(page)).toHaveCount(1)
  await page.getByRole('searchbox', { name: 'Search trunks' }).fill('zzz')
  await expect(page.getByText('Nothing matches the filters')).toBeVisible()
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await expect(rows(page)).toHaveCount(6)
})

test('acronyms stay in capitals within a sentence', async ({ page }) => {
  await page.goto('/configuration/lcr_profile')
  await expect(page.getByText('No LCR profiles yet')).toBeVisible()
  await page.getByRole('link', { name: 'New LCR profile' }).first().click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('New LCR profile')
  await page.goto('/configuration/pop')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('POPs')
  await expect(page.getByRole('searchbox', { name: 'Search POPs' })).toBeVisible()
})

test('a long list has pages', async ({ page }) => {
  await page.goto('/configuration/number_list')
  await expect(rows(page)).toHaveCount(50)
  await expect(page.getByText('60 in all')).toBeVisible()
  await page.getByRole('button', { name: 'Older' }).click()
  await expect(rows(page)).toHaveCount(10)
})

test('columns are chosen and stay in the address', async ({ page }) => {
  await page.goto('/configuration/trunk')
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Gateway' }).click()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('columnheader', { name: 'Gateway' })).toBeVisible()
  await expect(page).toHaveURL(/columns=.*gateway/)
})

test('a resource is made by keyboard, with faults at their fields', async ({ page }) => {
  await page.goto('/configuration/trunk')
  await page.getByRole('link', { name: 'New trunk' }).waitFor()
  await page.keyboard.press('c')
  await expect(page).toHaveURL(/\/configuration\/trunk\/new$/)
  await page.getByRole('button', { name: 'Create' }).click()
  await expect(page.getByRole('alert')).toContainText('1 field is wrong')
  await expect(page.getByLabel('Name', { exact: true })).toBeFocused()
  await page.getByLabel('Name', { exact: true }).fill('delta-1')
  await page.getByLabel('Direction').selectOption('egress')
  await page.getByLabel('Carrier').fill('aur')
  await page.getByRole('option', { name: 'aurora' }).click()
  await page.getByLabel('Rate card').fill('nowhere')
  await page.getByLabel('Gateway').fill('192.0.2.7:5060')
  await page.getByLabel('Channel limit').fill('0')
  await page.keyboard.press('Control+s')
  await expect(page.getByText('Write 1 or more.').last()).toBeVisible()
  await page.getByLabel('Channel limit').fill('30')
  await page.keyboard.press('Control+s')
  await expect(page.getByText('there is no rate card "nowhere"').last()).toBeVisible()
  await expect(page.getByLabel('Rate card')).toBeFocused()
  await page.getByLabel('Rate card').fill('aurora-usd')
  await page.keyboard.press('Control+s')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('delta-1')
  await expect(page.getByText('delta-1 is made.')).toBeVisible()
})

test('only the fields of the chosen direction are asked for', async ({ page }) => {
  await page.goto('/configuration/trunk/new')
  await expect(page.getByLabel('Source addresses')).toBeVisible()
  await expect(page.getByLabel('Gateway')).toHaveCount(0)
  await page.getByLabel('Direction').selectOption('egress')
  await expect(page.getByLabel('Source addresses')).toHaveCount(0)
  await expect(page.getByLabel('Gateway')).toBeVisible()
  await page.getByRole('link', { name: 'Advanced' }).click()
  await expect(page.getByLabel('First reply timeout')).toBeVisible()
})

test('a change is saved, and a form with changes asks before it is left', async ({ page }) => {
  await page.goto('/configuration/customer/Nordwind Telecom')
  await expect(page.getByLabel('CPS limit')).toHaveValue('20')
  await page.getByLabel('CPS limit').fill('25')
  await expect(page.getByText('1 field changed')).toBeVisible()
  await page.getByRole('link', { name: 'Customers', exact: true }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: 'Keep editing' }).click()
  await page.getByLabel('Note on this change').fill('More calls at noon')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByText('Nordwind Telecom is saved. New calls use it.')).toBeVisible()
  await expect(page.getByText('Version 2')).toBeVisible()
  await page.getByLabel('CPS limit').fill('26')
  await page.getByRole('link', { name: 'Customers', exact: true }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click()
  await expect(page).toHaveURL(/\/configuration\/customer$/)
})

test('who saved meanwhile is told, and both changes can be kept', async ({ page }) => {
  await page.goto('/configuration/customer/Cairo Connect')
  await page.getByLabel('CPS limit').fill('33')
  await changeMeanwhile(page, { cps_limit: 44, channel_limit: 77 })
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Changed meanwhile' })
  await expect(dialog).toContainText(`${user} saved version 3`)
  await expect(dialog.getByRole('group', { name: 'CPS limit' })).toContainText('44')
  await dialog.getByRole('radio', { name: /Mine/ }).check()
  await dialog.getByRole('button', { name: 'Go on with both' }).click()
  await expect(page.getByLabel('CPS limit')).toHaveValue('33')
  await expect(page.getByLabel('Channel limit')).toHaveValue('77')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByText('Version 4')).toBeVisible()
})

test('what others name cannot be deleted, and it is said who names it', async ({ page }) => {
  await page.goto('/configuration/carrier/aurora')
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete aurora?' })
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
  await expect(dialog.getByRole('alert')).toContainText('named by')
  await dialog.getByRole('link', { name: 'trunk "aurora-fra"' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('aurora-fra')
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
  await expect(page.getByText('aurora-fra is deleted.')).toBeVisible()
  await expect(rows(page)).toHaveCount(5)
})

test('versions are compared side by side and an earlier one is brought back', async ({ page }) => {
  await page.goto('/configuration/customer/Pampas Voice')
  await page.getByLabel('CPS limit').fill('99')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByText('Version 4')).toBeVisible()
  await page.getByRole('link', { name: 'History' }).click()
  const difference = page.getByRole('region', { name: 'Fields that differ' })
  await expect(difference.getByRole('row').filter({ hasText: 'CPS limit' })).toContainText('2099')
  await page.getByRole('button', { name: 'Roll back to 3' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Roll back to 3' }).click()
  await expect(page.getByText('Version 3 holds again.')).toBeVisible()
  await page.getByRole('link', { name: 'General' }).click()
  await expect(page.getByLabel('CPS limit')).toHaveValue('20')
})

test('it is told who gets something, and what a customer gets', async ({ page }) => {
  await page.goto('/configuration/voice_tier/premium?tab=customers')
  await expect(page.getByText('1 customer gets it')).toBeVisible()
  await expect(rows(page).filter({ hasText: 'Cairo Connect' })).toContainText('Its category')
  await page.getByRole('link', { name: 'Cairo Connect' }).click()
  await page.getByRole('link', { name: 'What it gets' }).click()
  const tiers = page.getByRole('region', { name: 'Voice tiers' })
  await expect(tiers.getByRole('row').filter({ hasText: 'premium' })).toContainText('Yes')
  await expect(tiers.getByRole('row').filter({ hasText: 'standard' })).toContainText('No')
})

test('an assignment is changed by names', async ({ page }) => {
  await page.goto('/configuration/voice_tier/standard?tab=assignment')
  await page.getByText('Some customers').click()
  await page.getByLabel('Customers', { exact: true }).fill('nord')
  await page.getByRole('option', { name: 'Nordwind Telecom' }).click()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByText('Version 2')).toBeVisible()
  await page.getByRole('link', { name: 'Who gets it' }).click()
  await expect(page.getByText('1 customer gets it')).toBeVisible()
})

test('many are changed at once, or none', async ({ page }) => {
  await page.goto('/configuration/trunk')
  await page.getByRole('link', { name: 'aurora-fra' }).waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await page.getByRole('checkbox', { name: 'Choose cirrus-lon' }).check()
  await expect(page.getByText('2 chosen')).toBeVisible()
  await page.getByRole('button', { name: 'Choose all 6 that match' }).click()
  await page.getByRole('button', { name: 'Edit' }).click()
  const dialog = page.getByRole('dialog', { name: 'Change 6 resources' })
  await dialog.getByLabel('Field').selectOption('status')
  await dialog.getByLabel('Status').selectOption('inactive')
  await dialog.getByRole('button', { name: 'Change all' }).click()
  await expect(page.getByText('5 resources changed.')).toBeVisible()
  await expect(rows(page).filter({ hasText: 'Inactive' })).toHaveCount(6)
})

test('a table is imported, and a wrong one is refused by line', async ({ page }) => {
  await page.goto('/configuration/carrier')
  await page.getByRole('button', { name: 'Import' }).click()
  const dialog = page.getByRole('dialog', { name: 'Import carriers' })
  const choose = (text: string) =>
    page.getByTestId('import').setInputFiles({
      name: 'carriers.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(text),
    })
  await choose('name,cps_limit\n,5\n')
  await dialog.getByRole('button', { name: 'Import' }).click()
  await expect(dialog.getByRole('alert')).toContainText('Line 2: Name: a row needs a name')
  await choose('name,cps_limit\ndelta,5\nepsilon,6\n')
  await dialog.getByRole('button', { name: 'Import' }).click()
  await expect(page.getByText('2 resources imported.')).toBeVisible()
  await expect(rows(page)).toHaveCount(5)
})

test('what the list shows is exported', async ({ page }) => {
  await page.goto('/configuration/trunk?filter=direction%3Degress')
  await page.getByRole('button', { name: 'Export' }).click()
  const download = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'Table (CSV)' }).click()
  expect((await download).suggestedFilename()).toBe('trunks.csv')
})

test('a list of rows, an ordered list and permissions have their controls', async ({ page }) => {
  await page.goto('/configuration/lcr_profile/new')
  await page.getByLabel('Carrier order').fill('aurora')
  await page.keyboard.press('Enter')
  await page.getByLabel('Carrier order').fill('cirrus')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Move cirrus up' }).click()
  await expect(page.getByRole('listitem').first()).toContainText('cirrus')
  await page.getByRole('button', { name: 'Add a row' }).click()
  await expect(page.getByRole('group', { name: 'Carrier shares, row 1' })).toBeVisible()
  await page.goto('/configuration/role/new')
  const carrier = page.getByRole('group', { name: 'Carrier', exact: true })
  await carrier.getByRole('checkbox', { name: 'carrier.read' }).check()
  await expect(carrier.getByRole('checkbox', { name: 'carrier.write' })).not.toBeChecked()
})

test('a name that nobody has, and a kind that is none, are told', async ({ page }) => {
  await page.goto('/configuration/carrier/nobody')
  await expect(page.getByText('There is no carrier “nobody”')).toBeVisible()
  await page.goto('/configuration/nonsense')
  await expect(page.getByText('There is no kind of resource “nonsense”')).toBeVisible()
})

test('somebody who may only look sees no way to change', async ({ page, signIn }) => {
  await signIn('viewer')
  await page.goto('/configuration/trunk')
  await rows(page).first().waitFor()
  await expect(page.getByRole('link', { name: 'New trunk' })).toHaveCount(0)
  await expect(page.getByRole('checkbox')).toHaveCount(0)
  await page.getByRole('link', { name: 'aurora-fra' }).click()
  await expect(page.getByText('Your role may look at this, not change it.')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toHaveCount(0)
  await expect(page.getByLabel('Gateway')).not.toBeEditable()
})

test('an error of the switch is told where the work is, and nothing is lost', async ({ page }) => {
  await page.goto('/configuration/carrier/new')
  await page.getByLabel('Name', { exact: true }).fill('error')
  await page.getByRole('button', { name: 'Create' }).click()
  await expect(page.getByRole('alert')).toContainText('The switch')
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('error')
})

test('the node says how it is', async ({ page }) => {
  await page.goto('/system')
  await expect(page.getByText('Running')).toBeVisible()
  await expect(page.getByRole('region', { name: 'Call journal' })).toContainText('Up to date')
  await expect(page.getByRole('region', { name: 'SIP listeners' })).toContainText('127.0.0.10:5060')
})

test.use({ expectedErrors: /409|412|422|404|500/ })

/** What somebody else does in the meantime. */
async function changeMeanwhile(page: Page, spec: object): Promise<void> {
  const response = await page.request.post('/api/v1/customers/bulk', {
    headers: { 'X-CSRF-Token': 'mock-csrf-token' },
    data: { names: ['Cairo Connect'], spec },
  })
  expect(response.status()).toBe(200)
}
