import { expectAccessible } from '../support/axe'
import { expect, test } from '../support/test'

test.beforeEach(async ({ signIn }, { testId }) => {
  await signIn(`reports-${testId}`)
})

test('a report shows figures, a chart and lines, and tells its address what it shows', async ({
  page,
}) => {
  await page.goto('/reports')
  const chart = page.getByRole('img', { name: /^Calls: [\d,]+ in all, [\d,]+ answered/ })
  await expect(chart).toBeVisible()
  await expect(page.getByRole('row')).toHaveCount(8)
  await expect(page.getByTestId('figure-asr')).toHaveText(/^\d+\.\d%$/)
  await expectAccessible(page)
  await page.getByRole('button', { name: /^Lines/ }).click()
  await page.getByRole('button', { name: 'Carriers' }).click()
  await expect(page).toHaveURL(/by=carrier/)
  await expect(page.getByRole('img', { name: /^Attempts: / })).toBeVisible()
  await expect(page.getByRole('columnheader', { name: 'Attempts' })).toBeVisible()
  // Lines and totals are of the same question.
  const total = Number((await page.getByTestId('figure-seizures').innerText()).replaceAll(',', ''))
  const cells = await page.getByRole('row').locator('td:nth-child(2)').allInnerTexts()
  const sum = cells.reduce((all, text) => all + Number(text.replaceAll(',', '')), 0)
  expect(sum).toBe(total)
})

test('the days before stand beside the figures when that is asked for', async ({ page }) => {
  await page.goto('/reports?days=31')
  const figure = page.getByTestId('figure-seizures').locator('..')
  await expect(figure).toBeVisible()
  await expect(figure).not.toContainText('before')
  await page.getByLabel('Compare with the days before').check()
  await expect(figure).toContainText(/before: [\d,]+/)
  await expect(page).toHaveURL(/compare=previous/)
})

test('the file is of the same question', async ({ page }) => {
  await page.goto('/reports?days=1&by=customer&customer=Cairo+Connect')
  const link = page.getByRole('link', { name: 'As CSV' })
  await expect(link).toHaveAttribute('href', /group_by=customer&customer=Cairo\+Connect&format=csv/)
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await expect(link).not.toHaveAttribute('href', /customer=Cairo/)
})

test.describe('a customer that is not there', () => {
  test.use({ expectedErrors: /status of 404/ })

  test('is said', async ({ page }) => {
    await page.goto('/reports?customer=nobody')
    await expect(page.getByText('nobody').last()).toBeVisible()
    await expect(page.getByRole('button', { name: /again|retry/i })).toBeVisible()
  })
})
