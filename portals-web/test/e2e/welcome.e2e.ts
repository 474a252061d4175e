import { STALE_TOKEN, TAKEN_TOKEN } from '../../mock-api/sentinels'
import { expect, test } from '../support/test'

const TOKEN = 'ab12'.repeat(16)
const PASSWORD = 'correct horse battery'

test.describe('an invitation', () => {
  test.use({ expectedErrors: /401|409|422/ })

  test('is accepted with a name and a password, and leads in', async ({ page }) => {
    await page.goto(`/invitation#${TOKEN}`)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Welcome')
    await page.getByRole('button', { name: 'Join' }).click()
    await expect(page.getByText('Fill in this field.')).toHaveCount(2)
    await expect(page.getByLabel('Your name')).toBeFocused()
    await page.getByLabel('Your name').fill('Nadia Hassan')
    const password = page.getByLabel('Choose a password')
    await password.fill('nadia hassan 1')
    await expect(page.getByRole('listitem').filter({ hasText: 'At least 12' })).toContainText(
      '(done)',
    )
    await expect(page.getByRole('listitem').filter({ hasText: 'your name' })).toContainText(
      '(not yet)',
    )
    await page.keyboard.press('Enter')
    await expect(page.getByText('Meet the points below first.')).toBeVisible()
    await password.fill('password-password')
    await page.keyboard.press('Enter')
    await expect(page.getByText('this is one of the passwords that are tried first')).toBeVisible()
    await expect(password).toBeFocused()
    await password.fill(PASSWORD)
    await page.keyboard.press('Enter')
    await expect(page).toHaveURL(/\/live$/)
    await expect(page.getByRole('button', { name: 'Account of invited-ab12ab12' })).toBeVisible()
  })

  test('that is no longer good says what to do', async ({ page }) => {
    await page.goto(`/invitation#${STALE_TOKEN}`)
    await page.getByLabel('Your name').fill('Nadia Hassan')
    await page.getByLabel('Choose a password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Join' }).click()
    await expect(page.getByRole('status')).toContainText('This link is no longer good')
    await expect(page.getByRole('status')).toContainText('Ask who invited you')
  })

  test('of somebody who is a user already leads to the sign-in page', async ({ page }) => {
    await page.goto(`/invitation#${TAKEN_TOKEN}`)
    await page.getByLabel('Your name').fill('Nadia Hassan')
    await page.getByLabel('Choose a password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Join' }).click()
    await expect(page.getByRole('alert')).toContainText('Sign in instead.')
  })
})

test('half a link is told as such', async ({ page }) => {
  for (const path of ['invitation', 'registration', 'email-verification', 'password-reset']) {
    await page.goto(`/${path}#ab12`)
    await expect(page.getByRole('status')).toContainText('This link is not complete')
  }
})

test('an account is asked for, and the mail is announced', async ({ page }) => {
  await page.goto('/sign-in')
  await page.getByRole('link', { name: 'Ask for one' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ask for an account')
  const send = page.getByRole('button', { name: 'Send' })
  await send.click()
  await expect(page.getByText('Fill in this field.')).toHaveCount(4)
  await page.getByLabel('Category').selectOption('Wholesale')
  await expect(page.getByText('many channels, by price')).toBeVisible()
  await page.getByLabel('Company').fill('Nile Voice')
  await page.getByLabel('Your name').fill('Nadia Hassan')
  await page.getByLabel('E-mail address').fill('nadia')
  await send.click()
  await expect(page.getByText('This is no e-mail address.')).toBeVisible()
  await page.getByLabel('E-mail address').fill('nadia@nile.example')
  const asked = page.waitForRequest('**/api/v1/registrations')
  await send.click()
  expect((await asked).postDataJSON()).toEqual({
    kind: 'customer',
    category: 'Wholesale',
    company: 'Nile Voice',
    full_name: 'Nadia Hassan',
    email: 'nadia@nile.example',
  })
  await expect(page.getByRole('status')).toContainText('nadia@nile.example')
})

test('a carrier chooses no category', async ({ page }) => {
  await page.goto('/register')
  await page.getByText('A carrier', { exact: true }).click()
  await expect(page.getByLabel('Category')).toHaveCount(0)
  await page.getByLabel('Company').fill('Aurora')
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('E-mail address').fill('ada@aurora.example')
  const asked = page.waitForRequest('**/api/v1/registrations')
  await page.getByRole('button', { name: 'Send' }).click()
  expect((await asked).postDataJSON()).toMatchObject({ kind: 'carrier', category: null })
})

test('where nobody may register it is said, and not offered', async ({ page }) => {
  await page.route('**/api/v1/registration-offer', (route) =>
    route.fulfill({ json: { registration: 'off', categories: [] } }),
  )
  await page.goto('/register')
  await expect(page.getByRole('status')).toContainText('Nobody can register here')
  await page.getByRole('link', { name: 'Go to sign in' }).click()
  await expect(page.getByLabel('User name')).toBeVisible()
  await expect(page.getByRole('link', { name: 'Ask for one' })).toHaveCount(0)
})

test('a registration is proved by its link and then waits', async ({ page }) => {
  await page.goto(`/registration#${TOKEN}`)
  await page.getByLabel('Choose a password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Save the password' }).click()
  await expect(page.getByRole('status')).toContainText('answers by mail')
})

test('an address is confirmed by a press and not by the visit', async ({ page }) => {
  let asked = 0
  page.on('request', (request) => {
    if (request.url().endsWith('/email-verifications')) asked += 1
  })
  await page.goto(`/email-verification#${TOKEN}`)
  const confirm = page.getByRole('button', { name: 'Confirm this address' })
  await confirm.waitFor()
  expect(asked).toBe(0)
  await confirm.click()
  await expect(page.getByRole('status')).toContainText('The address is yours')
  expect(asked).toBe(1)
})

test.describe('a forgotten password', () => {
  test.use({ expectedErrors: /401/ })

  test('is asked for from the sign-in page, whoever asks', async ({ page }) => {
    await page.goto('/sign-in')
    await page.getByRole('link', { name: 'Forgot your password?' }).click()
    await page.getByLabel('E-mail address').fill('nobody@example.org')
    await page.keyboard.press('Enter')
    await expect(page.getByRole('status')).toContainText('If nobody@example.org is an address')
    await page.getByRole('link', { name: 'Go to sign in' }).click()
    await expect(page).toHaveURL(/\/sign-in$/)
  })

  test('is chosen anew by the link', async ({ page }) => {
    await page.goto(`/password-reset#${TOKEN}`)
    await page.getByLabel('Choose a password').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await expect(page.getByRole('status')).toContainText('Your password is changed')
    await page.getByRole('link', { name: 'Go to sign in' }).click()
    await expect(page.getByLabel('User name')).toBeVisible()
  })

  test('whose link was used before gets another one', async ({ page }) => {
    await page.goto(`/password-reset#${STALE_TOKEN}`)
    await page.getByLabel('Choose a password').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Send another link' }).click()
    await expect(page).toHaveURL(/\/forgot-password$/)
  })
})
