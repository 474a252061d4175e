import { readFile } from 'node:fs/promises'

import { expect, test } from '../support/test'

const badge = /^Connection:/

test('tiles show numbers and their charts move', async ({ page, signIn }) => {
  await signIn()
  for (const name of ['Calls now', 'Calls per second', 'ASR', 'Margin']) {
    const tile = page.getByRole('article', { name, exact: true })
    await expect(tile.getByRole('img')).toHaveAccessibleName(/last 10 minutes: now .+, lowest .+/)
  }
  await expect(page.getByTestId('stat-calls')).toHaveText(/^\d+$/)
  await expect(page.getByTestId('stat-cps')).toHaveText(/^\d+\.\d$/)
  await expect(page.getByTestId('stat-asr')).toHaveText(/^\d+\.\d%$/)
  await expect(page.getByTestId('stat-margin')).toHaveText(/^−?USD\s\d+\.\d\d$/)

  const canvas = page.getByRole('article', { name: 'Calls now' }).locator('canvas')
  const picture = async () => (await canvas.screenshot()).toString('base64')
  const before = await picture()
  await expect.poll(picture).not.toBe(before)
})

test('paused charts stand still and go on without a gap', async ({ page, signIn }) => {
  await signIn()
  const chart = page.getByRole('article', { name: 'ASR' }).locator('canvas')
  await expect(page.getByRole('button', { name: badge })).toHaveText('Live')
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.mouse.move(0, 0)
  // A frame may be under way: it stands when two pictures are the same.
  let before = await chart.screenshot()
  const stands = async () => {
    const [last, now] = [before, await chart.screenshot()]
    before = now
    return now.equals(last)
  }
  await expect.poll(stands).toBe(true)
  await page.waitForTimeout(2_500)
  expect((await chart.screenshot()).equals(before)).toBe(true)
  await page.getByRole('button', { name: 'Resume' }).click()
  await expect.poll(async () => (await chart.screenshot()).equals(before)).toBe(false)
})

test('pointing at one chart shows that second in all tiles', async ({ page, signIn }) => {
  await signIn()
  const tile = page.getByRole('article', { name: 'Calls now' })
  await tile.locator('canvas').waitFor()
  await tile.locator('.u-over').hover({ position: { x: 60, y: 40 } })
  for (const name of ['Calls now', 'ASR', 'Margin']) {
    await expect(page.getByRole('article', { name })).toContainText(/\d\d:\d\d:\d\d/)
  }
})

test('a chart can be read as a table and taken as CSV', async ({ page, signIn }) => {
  await signIn()
  await page.getByTestId('stat-margin').filter({ hasText: 'USD' }).waitFor()
  await page.getByRole('button', { name: 'Show Margin as a table' }).click()
  const dialog = page.getByRole('dialog', { name: 'Margin: last 10 minutes' })
  await expect(dialog.getByRole('row').nth(1)).toContainText(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/)
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('button', { name: 'Download CSV' }).click(),
  ])
  const csv = await readFile(await download.path(), 'utf8')
  expect(csv).toMatch(/^time_utc,margin\r\n\d{4}-.*Z,-?\d+\.\d+\r\n/)
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await expect(page.getByRole('button', { name: 'Show Margin as a table' })).toBeFocused()
})

test('the calls that are up are listed and counted', async ({ page, signIn }) => {
  await signIn()
  const rows = page.getByRole('table', { name: 'Live calls' }).getByRole('row')
  await expect.poll(() => rows.count()).toBeGreaterThan(3)
  await expect(rows.nth(1)).toContainText(/Trying|Ringing|Answered/)
  await page.getByRole('link', { name: 'All live calls' }).click()
  await expect(page).toHaveURL(/\/live\/calls$/)
  await expect(page.getByText(/^\d+ calls? up$/)).toBeVisible()
})

test('a switch without calls says so and draws no zeros for what is not known', async ({
  page,
  signIn,
}) => {
  await signIn('empty')
  await expect(page.getByText('No call is up')).toBeVisible()
  await expect(page.getByTestId('stat-calls')).toHaveText('0')
  await expect(page.getByTestId('stat-asr')).toHaveText('–')
})

test('a stream that falls silent is called delayed', async ({ page, signIn }) => {
  await signIn('quiet')
  await expect(page.getByRole('button', { name: badge })).toHaveText('Delayed')
})

test.describe('without a stream', () => {
  test.use({ expectedErrors: /status of 503|ERR_FAILED/ })

  test('the badge says offline and the rest of the page works', async ({ page, signIn }) => {
    await signIn('offline')
    await expect(page.getByRole('button', { name: badge })).toHaveText('Offline')
    const rows = page.getByRole('table', { name: 'Live calls' }).getByRole('row')
    await expect.poll(() => rows.count()).toBeGreaterThan(3)
  })

  test('a stream that comes back is live again', async ({ page, signIn }) => {
    await page.route('**/api/v1/live*', (route) => route.abort())
    await page.route('**/api/v1/live/history*', (route) => route.abort())
    await signIn()
    await expect(page.getByRole('button', { name: badge })).toHaveText('Offline')
    await page.unrouteAll()
    await expect(page.getByRole('button', { name: badge })).toHaveText('Live')
    await expect(page.getByTestId('stat-calls')).toHaveText(/^\d+$/)
  })
})

test('a hidden tab lets go of the stream', async ({ page, signIn }) => {
  await signIn()
  await expect(page.getByRole('button', { name: badge })).toHaveText('Live')
  const setVisibility = (state: string) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'visibilityState', { value, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }, state)
  await setVisibility('hidden')
  await expect(page.getByRole('button', { name: badge })).toHaveText('Paused')
  await setVisibility('visible')
  await expect(page.getByRole('button', { name: badge })).toHaveText('Live')
})
