import { expect, test } from '../support/test'

test('a wrong password is told without saying which of the two was wrong', async ({ page }) => {
  await page.goto('/')
  await expect(page).toHaveURL(/\/sign-in$/)
  await page.getByLabel('User name').fill('admin')
  await page.getByLabel('Password', { exact: true }).fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toContainText('The user name or the password is wrong')
  await expect(page.getByLabel('Password', { exact: true })).toBeFocused()
})

test('empty fields are named and nothing is sent', async ({ page }) => {
  let asked = false
  page.on('request', (request) => {
    if (request.method() === 'POST') asked = true
  })
  await page.goto('/sign-in')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByText('Fill in this field.')).toHaveCount(2)
  await expect(page.getByLabel('User name')).toBeFocused()
  expect(asked).toBe(false)
})

test.describe('refused by the switch', () => {
  test.use({ expectedErrors: /status of (429|500)/ })

  test('after too many failures the wait is told', async ({ page }) => {
    await page.goto('/sign-in')
    await page.getByLabel('User name').fill('locked')
    await page.getByLabel('Password', { exact: true }).fill('demo')
    await page.keyboard.press('Enter')
    await expect(page.getByRole('alert')).toContainText('Wait 30 seconds before the next try.')
  })

  test('an error of the switch is told as such', async ({ page }) => {
    await page.goto('/sign-in')
    await page.getByLabel('User name').fill('broken')
    await page.getByLabel('Password', { exact: true }).fill('demo')
    await page.keyboard.press('Enter')
    await expect(page.getByRole('alert')).toContainText('The switch had an error')
  })
})

test.describe('without a network', () => {
  test.use({ expectedErrors: /ERR_FAILED/ })

  test('the switch is told to be out of reach', async ({ page }) => {
    await page.goto('/sign-in')
    await page.route('**/api/v1/session', (route) => route.abort())
    await page.getByLabel('User name').fill('admin')
    await page.getByLabel('Password', { exact: true }).fill('demo')
    await page.keyboard.press('Enter')
    await expect(page.getByRole('alert')).toContainText('The switch cannot be reached')
  })
})

test('a deep link asks to sign in and then opens', async ({ page }) => {
  await page.goto('/cdrs?outcome=failed')
  await expect(page).toHaveURL(/\/sign-in\?next=/)
  await page.getByLabel('User name').fill('admin')
  await page.getByLabel('Password', { exact: true }).fill('demo')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/cdrs\?outcome=failed$/)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Call records')
})

test('signing in never leads to another site', async ({ page }) => {
  await page.goto('/sign-in?next=//elsewhere.example/')
  await page.getByLabel('User name').fill('admin')
  await page.getByLabel('Password', { exact: true }).fill('demo')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/^http:\/\/127\.0\.0\.1:\d+\/live$/)
})

test.describe('with a second factor', () => {
  test.use({ expectedErrors: /401/ })

  test('a second factor is asked for where there is one', async ({ page }) => {
    await page.goto('/sign-in')
    await page.getByLabel('User name').fill('guarded')
    await page.getByLabel('Password', { exact: true }).fill('demo')
    await page.keyboard.press('Enter')
    const code = page.getByLabel('Code of your app')
    await expect(code).toBeFocused()
    await code.fill('654321')
    await page.keyboard.press('Enter')
    await expect(page.getByRole('alert')).toBeVisible()
    await code.fill('123 456')
    await page.keyboard.press('Enter')
    await expect(page).toHaveURL(/\/live$/)
  })
})

test('the password can be shown', async ({ page }) => {
  await page.goto('/sign-in')
  const field = page.getByLabel('Password', { exact: true })
  await page.getByRole('button', { name: 'Show the password' }).click()
  await expect(field).toHaveAttribute('type', 'text')
  await page.getByRole('button', { name: 'Hide the password' }).click()
  await expect(field).toHaveAttribute('type', 'password')
})

test.describe('signing out without a network', () => {
  test.use({ expectedErrors: /ERR_FAILED/ })

  test('says that the session goes on', async ({ page, signIn }) => {
    await signIn()
    await page.route('**/api/v1/session', (route) => route.abort())
    await page.getByRole('button', { name: 'Account of admin' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await expect(page.getByRole('alert')).toContainText('You are still signed in.')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Live dashboard')
  })
})

test('signing out ends the session', async ({ page, signIn }) => {
  await signIn()
  await page.getByRole('button', { name: 'Account of admin' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/sign-in/)
  await page.goto('/live')
  await expect(page).toHaveURL(/\/sign-in/)
})

test.describe('a session that ends', () => {
  test.use({ expectedErrors: /status of 401/ })

  test('leads to the sign-in page and back to the same place', async ({
    page,
    context,
    signIn,
  }) => {
    await signIn()
    await page.goto('/cdrs?outcome=answered')
    await expect(page.getByRole('link').first()).toBeVisible()
    await context.clearCookies()
    await page.getByRole('button', { name: 'Refresh', exact: true }).click()
    await expect(page).toHaveURL(/\/sign-in\?next=/)
    await page.getByLabel('User name').fill('admin')
    await page.getByLabel('Password', { exact: true }).fill('demo')
    await page.keyboard.press('Enter')
    await expect(page).toHaveURL(/\/cdrs\?outcome=answered$/)
  })
})
