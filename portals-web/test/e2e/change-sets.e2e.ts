import type { Page } from '@playwright/test'

import { expect, test } from '../support/test'

/** Each test signs in as somebody of its own: the mock keeps a configuration for each user. */
test.beforeEach(async ({ signIn }, { testId }) => {
  await signIn(`planner-${testId}`)
})

const TRUNK = '/configuration/trunk/aurora-fra'
const toDraft = (page: Page) => page.getByRole('button', { name: 'Save as draft' })

async function makeDraft(page: Page, name: string, limit = '77'): Promise<void> {
  await page.goto(TRUNK)
  await page.getByLabel('Channel limit').fill(limit)
  await toDraft(page).first().click()
  const dialog = page.getByRole('dialog', { name: 'Save as draft' })
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByRole('button', { name: 'Save as draft' }).click()
  await expect(page.getByText(`Saved as a draft in “${name}”.`)).toBeVisible()
}

const chip = (page: Page) => page.getByRole('link', { name: /^Working on/ })

test('a draft is made, looked at, edited, previewed and pushed with a note', async ({ page }) => {
  await makeDraft(page, 'More room')
  // In force is what was.
  await expect(page.getByLabel('Channel limit')).not.toHaveValue('77')
  await expect(page.getByText('This record has a draft in “More room”.')).toBeVisible()
  await page.getByRole('link', { name: 'Edit the draft' }).click()
  await expect(page.getByText('You see the draft in “More room”')).toBeVisible()
  await expect(page.getByLabel('Channel limit')).toHaveValue('77')
  await page.getByLabel('Channel limit').fill('88')
  await page.keyboard.press('Control+s')
  // The first saving said the same words: what tells of the second is that nothing is unsaved.
  await expect(page.getByRole('button', { name: 'Discard changes' })).toHaveCount(0)

  await chip(page).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('More room')
  await expect(page.getByRole('row').filter({ hasText: 'Channel limit' })).toContainText('88')
  await page.getByRole('link', { name: 'Preview' }).last().click()
  await expect(page).toHaveURL(/tab=preview/)
  await expect(page.getByText('Nothing speaks against a push.')).toBeVisible()
  const replay = page.getByRole('region', { name: 'What recent traffic would have become' })
  await expect(replay).toContainText('1,840 calls')
  await expect(replay.getByRole('row').filter({ hasText: 'Margin' }).first()).toContainText(
    '+129.10',
  )
  await replay.getByText('Customer', { exact: true }).click()
  await expect(replay.getByRole('row').filter({ hasText: 'Cairo Connect' })).toBeVisible()

  await page.getByRole('button', { name: 'Push…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Push “More room”' })
  await dialog.getByLabel('Note').fill('Peak hours')
  await dialog.getByRole('button', { name: 'Push now' }).click()
  await expect(dialog.getByLabel('Write More room to confirm')).toBeFocused()
  await dialog.getByLabel('Write More room to confirm').fill('More room')
  await page.keyboard.press('Enter')
  await expect(page.getByText('“More room” is in force.')).toBeVisible()
  await expect(chip(page)).toHaveCount(0)
  await expect(page.getByText('Peak hours')).toBeVisible()
  await page.goto(TRUNK)
  await expect(page.getByLabel('Channel limit')).toHaveValue('88')
})

test('a draft that would sell below cost says so in red, with the worst destinations and amounts', async ({
  page,
}) => {
  await makeDraft(page, 'Room', '78')
  await chip(page).click()
  await page.getByRole('link', { name: 'Preview' }).last().click()
  const prices = page.getByRole('region', { name: 'What would be sold below cost' })
  await expect(prices).toContainText('No destination is newly sold below cost')
  await expect(prices.getByRole('alert')).toHaveCount(0)

  await page.goto('/configuration/rate_card/retail-usd')
  await page.getByLabel('Connection fee').fill('0.001')
  await toDraft(page).first().click()
  await page.getByRole('link', { name: /^Working on/ }).click()
  await page.getByRole('link', { name: 'Preview' }).last().click()
  await expect(page.getByText('A push would succeed, and would sell below cost.')).toBeVisible()
  await expect(prices.getByRole('alert')).toContainText(
    '2 destinations would newly be sold below cost',
  )
  const worst = prices.getByRole('row').nth(1)
  await expect(worst).toContainText('Below cost')
  await expect(worst).toContainText('Egypt mobile')
  await expect(worst).toContainText('Cairo Connect, Meridian Voice and 1 more')
  await expect(worst).toContainText('−0.0633')
  await expect(prices.getByRole('row').filter({ hasText: 'North Korea' })).toContainText('No route')
})

test('a push is scheduled at a time, in a zone that is said, and taken off again', async ({
  page,
}) => {
  await makeDraft(page, 'Tonight')
  await chip(page).click()
  await page.getByRole('button', { name: 'Push…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Push “Tonight”' })
  await dialog.getByText('At a time', { exact: true }).click()
  await expect(dialog.getByText(/^In UTC/)).toBeVisible()
  await dialog.getByLabel('Time', { exact: true }).fill('2020-01-01T00:00')
  await dialog.getByLabel('Write Tonight to confirm').fill('Tonight')
  await dialog.getByRole('button', { name: 'Schedule' }).click()
  await expect(dialog.getByText('Choose a time that is still to come.')).toBeVisible()
  await dialog.getByLabel('Time', { exact: true }).fill('2099-12-31T23:00')
  await dialog.getByRole('button', { name: 'Schedule' }).click()
  await expect(page.getByText(/It is pushed at 2099-12-31 23:00:00 UTC/)).toBeVisible()
  await page.getByRole('button', { name: 'Cancel the schedule' }).click()
  await expect(page.getByText('The schedule is cancelled.')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Push…' })).toBeVisible()
})

test.describe('when somebody else changes the same field', () => {
  test.use({ expectedErrors: /409/ })

  test('the drafts are rebased, and it is asked whose change counts', async ({ page }) => {
    await makeDraft(page, 'Contest')
    await page.getByLabel('Channel limit').fill('55')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await expect(page.getByText('aurora-fra is saved.')).toBeVisible()
    await chip(page).click()
    await expect(page.getByText('1 draft is out of date')).toBeVisible()
    await page.getByRole('button', { name: 'Rebase' }).click()
    const dialog = page.getByRole('dialog', { name: 'Both changed the same fields' })
    await expect(dialog.getByText('is one value in force and another')).toBeVisible()
    await dialog.getByRole('button', { name: 'Keep the drafts' }).click()
    await expect(page.getByText('1 draft is up to date again.')).toBeVisible()
    await expect(page.getByText('1 draft is out of date')).toHaveCount(0)
    await expect(page.getByRole('row').filter({ hasText: 'Channel limit' })).toContainText('77')
  })
})

test('a push is rolled back, first as a draft to look at', async ({ page }) => {
  await makeDraft(page, 'Mistake')
  await chip(page).click()
  await page.getByRole('button', { name: 'Push…' }).click()
  const push = page.getByRole('dialog', { name: 'Push “Mistake”' })
  await push.getByLabel('Write Mistake to confirm').fill('Mistake')
  await push.getByRole('button', { name: 'Push now' }).click()
  await page.getByRole('button', { name: 'Roll back…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Roll “Mistake” back?' })
  await dialog.getByLabel('Only make a draft, to look at it first').check()
  await dialog.getByRole('button', { name: 'Make the draft' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Rollback of Mistake')
  await page.goBack()
  await page.getByRole('button', { name: 'Roll back…' }).click()
  await dialog.getByRole('button', { name: 'Roll back' }).click()
  await expect(page.getByText('“Mistake” is rolled back.')).toBeVisible()
  await page.goto(TRUNK)
  await expect(page.getByLabel('Channel limit')).not.toHaveValue('77')
})

test('a new record is a draft first, and a deletion, too', async ({ page }) => {
  await page.goto('/configuration/change-sets')
  await expect(page.getByText('No change set yet')).toBeVisible()
  await page.keyboard.press('c')
  const making = page.getByRole('dialog', { name: 'New change set' })
  await making.getByRole('button', { name: 'Create' }).click()
  await expect(making.getByText('Fill in this field.')).toBeVisible()
  await making.getByLabel('Name').fill('Season')
  await page.keyboard.press('Enter')
  await expect(page.getByText('It has no drafts yet')).toBeVisible()

  await page.goto('/configuration/customer_category/new')
  await page.getByLabel('Name', { exact: true }).fill('Seasonal')
  await toDraft(page).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Season')
  await page.getByRole('link', { name: 'Edit the draft' }).click()
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Seasonal')
  await page.goto('/configuration/number_list')
  await page.locator('[data-row-link]').first().click()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('button', { name: 'Delete by a change set' }).click()
  await expect(page.getByText('“Season” takes this record away.')).toBeVisible()
  await chip(page).click()
  await expect(page.getByText('It is taken away.')).toBeVisible()
  await page.getByRole('button', { name: 'Take the draft of Seasonal out' }).click()
  await expect(page.getByText('The draft of Seasonal is gone.')).toBeVisible()
  await page.getByRole('button', { name: 'Discard' }).click()
  await page
    .getByRole('dialog', { name: 'Discard “Season”?' })
    .getByRole('button', { name: 'Discard' })
    .click()
  await expect(page).toHaveURL(/\/configuration\/change-sets$/)
  await expect(chip(page)).toHaveCount(0)
})
