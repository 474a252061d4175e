import { expectAccessible } from '../support/axe'
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
  await page.getByRole('dialog').getByRole('button', { name: 'prune', exact: true }).click()
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
  await expect(page.getByRole('button', { name: 'Discard' })).toHaveCount(0)
  await page.goto('/system/jobs/46')
  await page.getByRole('button', { name: 'Discard' }).click()
  const dialog = page.getByRole('dialog', { name: 'Discard job 46?' })
  await dialog.getByRole('button', { name: 'Discard' }).click()
  await expect(page.getByText('Job 46 is discarded.')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Discard' })).toHaveCount(0)
  await expect(page.getByRole('button', { name: 'Run again' })).toBeVisible()
})

test('a job that runs tells how far it is, in the list and on its page', async ({ page }) => {
  await page.goto('/system/jobs?state=running')
  const bar = page.getByRole('progressbar', { name: 'Progress of job 68' })
  const valueNow = async () => Number(await bar.getAttribute('aria-valuenow'))
  const first = await valueNow()
  await expect.poll(valueNow).toBeGreaterThan(first)
  await expect(page.getByRole('row').filter({ has: bar })).toContainText('of 4,000')
  await page.getByRole('row').filter({ has: bar }).getByRole('link').click()
  const region = page.getByRole('region', { name: 'How far it is' })
  await expect(region).toContainText('of 4,000: tenants; 12,500 entries forgotten')
  const before = await valueNow()
  await expect.poll(valueNow).toBeGreaterThan(before)
})

test('a job that runs is asked to stop, once, and is discarded then', async ({ page }) => {
  await page.goto('/system/jobs/68')
  await page.getByRole('button', { name: 'Cancel the job' }).click()
  const dialog = page.getByRole('dialog', { name: 'Cancel job 68?' })
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Let it run' }).click()
  await expect(dialog).toHaveCount(0)
  await page.getByRole('button', { name: 'Cancel the job' }).click()
  await dialog.getByRole('button', { name: 'Cancel the job' }).click()
  await expect(page.getByText('Job 68 is asked to stop.')).toBeVisible()
  await expect(page.getByRole('region', { name: 'Runs' })).toContainText('Cancelled')
  await expect(page.getByRole('region', { name: 'Details' })).toContainText('Cancelled by')
  await expect(page.getByRole('button', { name: 'Cancel the job' })).toHaveCount(0)
  await expect(page.getByRole('button', { name: 'Run again' })).toBeVisible()
})

test('a job that has not heard yet that it is to stop says so', async ({ page }) => {
  await page.goto('/system/jobs/67')
  await expect(page.getByText('30 done: old events are forgotten')).toBeVisible()
  await page.getByRole('button', { name: 'Cancel the job' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the job' }).click()
  await expect(page.getByText('Stopping', { exact: true })).toBeVisible()
  await expect(page.getByText(/wants it to stop/)).toBeVisible()
  await expect(page.getByRole('button', { name: 'Cancel the job' })).toHaveCount(0)
  await page.goto('/system/jobs?state=running')
  await expect(page.getByText('Stopping', { exact: true })).toBeVisible()
})

test('a job that waits is cancelled at once, and one that does not tell its progress cannot be', async ({
  page,
}) => {
  await page.goto('/system/jobs/70')
  await page.getByRole('button', { name: 'Cancel the job' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the job' }).click()
  await expect(page.getByText('Job 70 is cancelled.')).toBeVisible()
  await page.goto('/system/jobs/65')
  await expect(page.getByText('it cannot be stopped halfway')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Cancel the job' })).toBeDisabled()
})

test.describe('of who may only read', () => {
  test('a job has no actions', async ({ page, signIn }) => {
    await signIn('viewer')
    await page.goto('/system/jobs/69')
    await expect(page.getByRole('region', { name: 'Runs' })).toBeVisible()
    await expect(page.getByRole('button', { name: 'Run again' })).toHaveCount(0)
  })
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
