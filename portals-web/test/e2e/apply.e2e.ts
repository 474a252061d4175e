import { gzipSync } from 'node:zlib'

import type { Page } from '@playwright/test'

import { expectAccessible } from '../support/axe'
import { expect, test } from '../support/test'

/** A file as the browser's dialog would give it. */
const file = (name: string, text: string | Buffer) => ({
  name,
  mimeType: 'application/octet-stream',
  buffer: Buffer.from(text),
})

const CUSTOMER = `kind: customer
name: Nordwind Telecom
spec:
  cps_limit: 35
---
kind: customer
name: Meridian Telecom
spec:
  rate_card: retail-usd
  cps_limit: 50
---
kind: carrier
name: aurora
spec:
  cps_limit: 50
`

/** Every user of the mock has a configuration of its own. */
async function open(page: Page, signIn: (user: string) => Promise<void>, user: string) {
  await signIn(user)
  await page.goto('/configuration/customer')
  await page.getByRole('link', { name: 'Change by files' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Apply files')
}

const choose = (page: Page, ...files: ReturnType<typeof file>[]) =>
  page.getByTestId('files').setInputFiles(files)

for (const theme of ['light', 'dark'] as const) {
  test.describe(`in ${theme}`, () => {
    test.use({ colorScheme: theme })

    test('changes are shown before they are made, and are then in the lists', async ({
      page,
      signIn,
    }) => {
      await open(page, signIn, `apply-${theme}`)
      await choose(page, file('customers.yaml', CUSTOMER))
      await page.getByRole('button', { name: 'Preview changes' }).click()

      const changes = page.getByRole('region', { name: 'What would change' })
      await expect(changes.getByRole('listitem')).toHaveCount(2)
      const fields = changes.getByRole('group', { name: 'Fields of Customer Nordwind Telecom' })
      await expect(fields.getByRole('row', { name: 'CPS limit 20 35' })).toBeVisible()
      await expect(changes).toContainText('1 resource stays as it is.')
      await expectAccessible(page)
      await page.screenshot({ path: `test-results/screens/apply-preview-${theme}.png` })

      const status = await page.request.get('/api/v1/resources')
      expect(await status.text(), 'a preview changes nothing').not.toContain('Meridian')

      await changes.getByRole('button', { name: 'Apply 2 changes' }).click()
      await expect(page.getByRole('main').getByRole('status')).toContainText(
        /2 resources changed. New calls use snapshot \d+\./,
      )
      await expectAccessible(page)
      await page.screenshot({ path: `test-results/screens/apply-done-${theme}.png` })
      await page.getByRole('link', { name: 'Open Meridian Telecom' }).click()
      await expect(page.getByRole('combobox', { name: 'Rate card' })).toHaveValue('retail-usd')
    })

    test.describe('a fault in the files', () => {
      test.use({ expectedErrors: /status of 422/ })

      test('is told with its place, and nothing is applied', async ({ page, signIn }) => {
        await open(page, signIn, `fault-${theme}`)
        await choose(page, file('bad.yaml', CUSTOMER.replace('cps_limit: 35', 'cps_limit: 0')))
        await page.getByRole('button', { name: 'Preview changes' }).click()
        const alert = page.getByRole('alert')
        await expect(alert).toContainText('1 thing is wrong in the files.')
        await expect(alert).toContainText('spec.cps_limit')
        await expect(alert).toContainText('bad.yaml · Line 1, column 1 · Customer Nordwind Telecom')
        await expect(page.getByRole('button', { name: /^Apply / })).toHaveCount(0)
        await expectAccessible(page)
        await page.screenshot({ path: `test-results/screens/apply-fault-${theme}.png` })

        await choose(page, file('bad.yaml', CUSTOMER))
        await expect(alert).toBeHidden()
        await page.getByRole('button', { name: 'Preview changes' }).click()
        await expect(page.getByRole('button', { name: 'Apply 2 changes' })).toBeVisible()
      })
    })
  })
}

test('what already is as the files say offers nothing to apply', async ({ page, signIn }) => {
  await open(page, signIn, 'apply-nothing')
  await choose(page, file('a.yml', 'kind: carrier\nname: aurora\nspec:\n  cps_limit: 50\n'))
  await page.getByRole('button', { name: 'Preview changes' }).click()
  await expect(page.getByText('Nothing to apply')).toBeVisible()
  await expect(page.getByRole('button', { name: /^Apply / })).toHaveCount(0)
})

test('a card waits for the deck that it names', async ({ page, signIn }) => {
  await open(page, signIn, 'apply-deck')
  const card = 'kind: rate_card\nname: new-usd\nspec:\n  rates_file: decks/new.csv.gz\n'
  await choose(page, file('card.yaml', card))
  await expect(page.getByText('names a deck that is not among the files')).toContainText(
    'decks/new.csv.gz',
  )
  await expect(page.getByRole('button', { name: 'Preview changes' })).toBeDisabled()
  await choose(page, file('new.csv.gz', gzipSync('prefix,rate\n44,0.01\n')))
  const [request] = await Promise.all([
    page.waitForRequest(/\/api\/v1\/apply\?dry_run=true$/),
    page.getByRole('button', { name: 'Preview changes' }).click(),
  ])
  expect(request.postDataJSON()).toEqual({
    files: [{ path: 'card.yaml', content: card }],
    decks: [{ path: 'decks/new.csv.gz', content: 'prefix,rate\n44,0.01\n' }],
  })
  await expect(page.getByRole('button', { name: 'Apply 1 change' })).toBeVisible()
})

test('a file of no use is left out and said so', async ({ page, signIn }) => {
  await open(page, signIn, 'apply-wrong')
  await choose(page, file('rates.xlsx', 'PK'), file('broken.csv.gz', 'no gzip'))
  const alert = page.getByRole('alert')
  await expect(alert).toContainText('rates.xlsx is neither .yaml nor .csv nor .csv.gz')
  await expect(alert).toContainText('broken.csv.gz cannot be read as text')
  await expect(page.getByText('No file yet')).toBeVisible()
  await choose(page, file('rates.csv', 'prefix,rate\n'))
  await expect(page.getByText('a rate deck alone changes nothing')).toBeVisible()
  await page.getByRole('button', { name: 'Remove rates.csv' }).click()
  await expect(page.getByText('No file yet')).toBeVisible()
})

test.describe('an apply that the switch cannot do', () => {
  test.use({ expectedErrors: /status of 500/ })

  test('keeps the files, so that it can be tried again', async ({ page, signIn }) => {
    await open(page, signIn, 'apply-500')
    await choose(page, file('customers.yaml', CUSTOMER))
    await page.getByRole('button', { name: 'Preview changes' }).click()
    const problem = { type: '/problems/internal', title: 'x', status: 500, detail: 'Disk full.' }
    await page.route('**/api/v1/apply?dry_run=false', (route) =>
      route.fulfill({ status: 500, json: problem, contentType: 'application/problem+json' }),
    )
    await page.getByRole('button', { name: 'Apply 2 changes' }).click()
    await expect(page.getByRole('alert')).toContainText('Disk full.')
    await page.unrouteAll()
    await page.getByRole('button', { name: 'Preview changes' }).click()
    await page.getByRole('button', { name: 'Apply 2 changes' }).click()
    await expect(page.getByRole('main').getByRole('status')).toContainText('2 resources changed.')
  })
})
