import type { Page } from '@playwright/test'

import { expectAccessible } from '../support/axe'
import { expect, test } from '../support/test'

test.beforeEach(async ({ signIn }, { testId }) => {
  await signIn(`notified-${testId}`)
})

const rows = (page: Page) => page.locator('tbody').getByRole('row')

test('what targets were told is filtered by target, state and event, and paged', async ({
  page,
}) => {
  await page.goto('/system/notifications')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Notifications')
  await expect(rows(page)).toHaveCount(50)
  await page.getByRole('button', { name: 'Older' }).click()
  await expect(rows(page)).toHaveCount(10)
  await page.getByRole('button', { name: 'State', exact: true }).click()
  await page.getByRole('button', { name: 'Given up' }).click()
  await expect(page).toHaveURL(/state=dead/)
  await expect(rows(page)).toHaveCount(1)
  await expect(rows(page)).toContainText('The receiver answered 500.')
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await page.getByRole('button', { name: 'Target', exact: true }).click()
  await page.getByRole('button', { name: 'noc-mail' }).click()
  await expect(rows(page)).toHaveCount(15)
  await page.getByRole('button', { name: 'Event', exact: true }).click()
  await page.getByRole('textbox', { name: 'Event' }).fill('carrier.created')
  await page.keyboard.press('Enter')
  await expect(page.getByText('Nothing matches the filters')).toBeVisible()
})

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`in ${colorScheme}`, () => {
    test.use({ colorScheme })

    test('one tells its tries and what it says, and is sent again', async ({ page }) => {
      await page.goto('/system/notifications?state=dead')
      await rows(page).getByRole('button').click()
      const dialog = page.getByRole('dialog', { name: 'Notification 55' })
      await expect(dialog).toContainText('500')
      await expect(dialog.getByRole('region', { name: 'What it says' })).toContainText(
        '"type": "user.signed_in"',
      )
      await expect(dialog).toContainText('"event": 55')
      await expectAccessible(page)
      await page.screenshot({ path: `test-results/screens/delivery-${colorScheme}.png` })
      await dialog.getByRole('button', { name: 'Send again' }).click()
      await expect(page.getByText('Notification 55 is sent again.')).toBeVisible()
      await page.goto('/system/notifications?target=noc-hook')
      await expect(rows(page).first()).toBeVisible()
      await expect(page.getByText('Given up')).toHaveCount(0)
    })
  })
}

test('one that will be tried again says when, and can be hurried', async ({ page }) => {
  await page.goto('/system/notifications?state=failed')
  await rows(page).getByRole('button').click()
  const dialog = page.getByRole('dialog', { name: 'Notification 59' })
  await expect(dialog).toContainText('Next try')
  await dialog.getByRole('link', { name: '64' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Job 64')
})

test('what was not sent says why, and cannot be sent again', async ({ page }) => {
  await page.goto('/system/notifications?state=suppressed')
  await rows(page).getByRole('button').click()
  await expect(page.getByText(/the target is gone, is not active/)).toBeVisible()
  await expect(page.getByRole('button', { name: 'Send again' })).toHaveCount(0)
})

test('a target shows what it was told lately, and is tried out', async ({ page }) => {
  await page.goto('/configuration/notification_target/noc-hook')
  await page.getByRole('navigation', { name: 'Parts' }).getByText('Notifications').click()
  await expect(rows(page)).toHaveCount(20)
  await page.getByRole('button', { name: 'Send a test' }).click()
  await expect(page.getByText('The test was delivered. It answered 204.')).toBeVisible()
  await expect(rows(page).first()).toContainText('notification.test')
  await rows(page).first().getByRole('button').click()
  await expect(page.getByText('A test has no event.')).toBeVisible()
  await page.keyboard.press('Escape')
  await page.getByRole('link', { name: 'All of them' }).click()
  await expect(page).toHaveURL(/\/system\/notifications\?target=noc-hook/)
})

test('who may only look cannot send anything', async ({ page, signIn }) => {
  await signIn('viewer')
  await page.goto('/configuration/notification_target/noc-hook?tab=deliveries')
  await expect(rows(page).first()).toBeVisible()
  await expect(page.getByRole('button', { name: 'Send a test' })).toHaveCount(0)
})
