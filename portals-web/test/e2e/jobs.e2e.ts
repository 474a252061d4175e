import { expect, test } from '../support/test'

test.beforeEach(async ({ signIn }, { testId }) => {
  await signIn(`jobs-${testId}`)
})

test('jobs are counted, filtered by state and kind, and paged', async ({ page }) => {
  await page.goto('/system/jobs')
  await expect(page.locator('[data-row-link]')).toHaveCount(50)
  const counts = page.getByRole('group', { name: 'How many by state' })
  await counts.getByRole('button', { name: 'Failed for good 3' }).click()
  await expect(page).toHaveURL(/state=dead/)
  await expect(page.locator('[data-row-link]')).toHaveCount(3)
  await page.getByRole('button', { name: 'Work', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'prune' }).click()
  await expect(page.locator('[data-row-link]')).toHaveCount(1)
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await page.getByRole('button', { name: 'Older' }).click()
  await expect(page.locator('[data-row-link]')).toHaveCount(20)
})

test('a dead job tells why, runs again, and can be discarded', async ({ page }) => {
  await page.goto('/system/jobs?state=dead')
  await page.locator('[data-row-link]').first().click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Job 69')
  const runs = page.getByRole('region', { name: 'Runs' })
  await expect(runs.getByRole('row')).toHaveCount(4)
  await expect(runs).toContainText('the mail server refused the recipient: 550')
  await page.getByRole('button', { name: 'Run again' }).click()
  await expect(page.getByText('Job 69 waits for a worker.')).toBeVisible()
  await page.getByRole('button', { name: 'Discard' }).click()
  const dialog = page.getByRole('dialog', { name: 'Discard job 69?' })
  await dialog.getByRole('button', { name: 'Discard' }).click()
  await expect(page.getByText('Job 69 is discarded.')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Discard' })).toHaveCount(0)
})

test('a schedule is run at once, but not twice', async ({ page }) => {
  await page.goto('/system/schedules')
  await page.getByRole('button', { name: 'Run now: secrets.check' }).click()
  await expect(page.getByText('secrets.check waits for a worker.')).toBeVisible()
  await page.getByRole('button', { name: 'Run now: secrets.check' }).click()
  await expect(page.getByText('secrets.check is already at work.')).toBeVisible()
})

test.describe('refusals', () => {
  test.use({ expectedErrors: /404/ })

  test('a job that is forgotten is told', async ({ page }) => {
    await page.goto('/system/jobs/99999')
    await expect(page.getByText('There is no job 99999')).toBeVisible()
  })
})
