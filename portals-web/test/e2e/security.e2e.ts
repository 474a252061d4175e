import type { Page } from '@playwright/test'

import { expect, test } from '../support/test'

/** Passkeys belong to a domain, and an address is none. */
test.use({
  baseURL: `http://localhost:${process.env['E2E_PORT'] ?? 4173}`,
  expectedErrors: /401|403/,
})

let user = ''
test.beforeEach(async ({ context }, { testId }) => {
  await context.clearCookies()
  user = `secure-${testId}`
})

async function addAuthenticator(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}

test('an app is set up by its square code, and the recovery codes are shown once', async ({
  page,
  signIn,
}) => {
  await signIn(user)
  await page.goto('/account/security')
  await page.getByRole('button', { name: 'Set up an app' }).click()
  const dialog = page.getByRole('dialog', { name: 'Set up an authenticator app' })
  await expect(dialog.getByRole('img', { name: 'Square code for the app' })).toBeVisible()
  await expect(dialog.getByText('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP')).toBeVisible()
  const code = dialog.getByLabel('Write the six digits that it shows')
  await code.fill('000000')
  await page.keyboard.press('Enter')
  await expect(dialog.getByRole('alert')).toContainText('This code is wrong')
  await code.fill('123 456')
  await page.keyboard.press('Enter')
  const codes = page.getByRole('dialog', { name: 'Recovery codes' })
  await expect(codes.getByRole('listitem')).toHaveCount(10)
  const first = (await codes.getByRole('listitem').first().textContent()) ?? ''
  const download = page.waitForEvent('download')
  await codes.getByRole('button', { name: 'Download' }).click()
  expect((await download).suggestedFilename()).toBe('didtron-recovery-codes.txt')
  // They cannot be closed unread.
  await page.keyboard.press('Escape')
  await expect(codes).toBeVisible()
  await expect(codes.getByRole('button', { name: 'Done' })).toBeDisabled()
  await codes.getByLabel('I have kept them in a safe place').check()
  await codes.getByRole('button', { name: 'Done' }).click()
  await expect(page.getByText(first)).toHaveCount(0)
  await expect(page.getByText('10 are left')).toBeVisible()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await page
    .getByRole('dialog', { name: 'Sign in without the app?' })
    .getByRole('button', { name: 'Remove' })
    .click()
  await expect(page.getByRole('button', { name: 'Set up an app' })).toBeVisible()
})

test('a passkey is made, renamed, signs in by itself, and is removed', async ({ page, signIn }) => {
  await addAuthenticator(page)
  await signIn(user)
  await page.goto('/account/security')
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add a passkey' })
  await dialog.getByLabel('Name').fill('Laptop')
  await dialog.getByRole('button', { name: 'Go on' }).click()
  const codes = page.getByRole('dialog', { name: 'Recovery codes' })
  await codes.getByLabel('I have kept them in a safe place').check()
  await codes.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'Rename Laptop' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('Work laptop')
  await page.keyboard.press('Enter')
  await expect(page.getByText('It is called “Work laptop” now.')).toBeVisible()

  await page.context().clearCookies()
  await page.goto('/sign-in')
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await expect(page).toHaveURL(/\/live$/)
  await expect(page.getByRole('button', { name: `Account of ${user}` })).toBeVisible()

  await page.goto('/account/security')
  await page.getByRole('button', { name: 'Remove Work laptop' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await expect(page.getByText('The passkey “Work laptop” is removed.')).toBeVisible()
  await page.context().clearCookies()
  await page.goto('/sign-in')
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await expect(page.getByRole('alert')).toContainText('This passkey is not accepted')
})

test('a left browser is asked for the password, and then does what was wanted', async ({
  page,
  signIn,
}, { testId }) => {
  await signIn(`careful-${testId}`)
  await page.goto('/account/security')
  await page.getByRole('button', { name: 'Set up an app' }).click()
  const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' })
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByRole('alert')).toContainText('Confirm your identity first.')
  await page.getByRole('button', { name: 'Set up an app' }).click()
  await dialog.getByLabel('Your password').fill('wrong')
  await page.keyboard.press('Enter')
  await expect(dialog.getByRole('alert')).toBeVisible()
  await dialog.getByLabel('Your password').fill('demo')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog', { name: 'Set up an authenticator app' })).toBeVisible()
})

test('who must have a second factor is led to it', async ({ page }, { testId }) => {
  await page.goto('/sign-in')
  await page.getByLabel('User name').fill(`enrolling-${testId}`)
  await page.getByLabel('Password', { exact: true }).fill('demo')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/account\/security$/)
  await expect(page.getByRole('alert')).toContainText('Your role asks for a second factor.')
})

test('sessions are listed and ended, and sign-ins tell of strangers', async ({ page, signIn }) => {
  await signIn(user)
  await page.goto('/account/sessions')
  const list = page.getByRole('group', { name: 'Where you are signed in' })
  await expect(list.getByRole('row').filter({ hasText: 'This one' })).toContainText('Chrome')
  await page.getByRole('button', { name: 'End the session of Firefox, Linux' }).click()
  await expect(page.getByText('The session has ended.')).toBeVisible()
  await expect(list.getByRole('row')).toHaveCount(2)
  await expect(
    page.getByRole('group', { name: 'Recent sign-ins' }).getByText('Wrong password'),
  ).toBeVisible()
})

test('another address counts once its mail was answered', async ({ page, signIn }) => {
  await signIn(user)
  await page.goto('/account')
  await expect(page.getByText('Confirmed', { exact: true })).toBeVisible()
  await page.getByLabel('Another address').fill('new@example.org')
  await page.keyboard.press('Enter')
  await expect(page.getByText('Look into the mail to new@example.org.')).toBeVisible()
})
