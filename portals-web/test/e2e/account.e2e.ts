import { expect, signInAs, test } from '../support/test'

test.use({ expectedErrors: /401|422/ })

test('a password is changed, with every fault at its field', async ({ page, signIn }, {
  testId,
}) => {
  const user = `account-${testId}`
  await signIn(user)
  await page.getByRole('button', { name: `Account of ${user}` }).click()
  await page.getByRole('menuitem', { name: 'Your account' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your account')
  const [current, next, repeat] = [
    page.getByLabel('Current password'),
    page.getByLabel('New password', { exact: true }),
    page.getByLabel('New password again'),
  ]
  const save = page.getByRole('button', { name: 'Change password' })
  await save.click()
  await expect(page.getByText('Fill in this field.')).toHaveCount(3)
  await expect(current).toBeFocused()
  await current.fill('wrong')
  await next.fill('short')
  await repeat.fill('short')
  await save.click()
  await expect(page.getByText('Write at least 12 characters.')).toBeVisible()
  await next.fill('password-password')
  await repeat.fill('password-passwort')
  await save.click()
  await expect(page.getByText('The two are not the same.')).toBeVisible()
  await repeat.fill('password-password')
  await save.click()
  await expect(page.getByText('This is not your password.')).toBeVisible()
  await current.fill('demo')
  await save.click()
  await expect(page.getByText('this is one of the passwords that are tried first')).toBeVisible()
  await expect(next).toBeFocused()
  await next.fill('correct horse battery')
  await repeat.fill('correct horse battery')
  await save.click()
  await expect(page.getByText('Your password is changed.')).toBeVisible()
  await expect(current).toHaveValue('')
  await page.context().clearCookies()
  await signInAs(page, user, 'correct horse battery')
})

test('signing out everywhere is asked for once and ends here, too', async ({ page, signIn }) => {
  await signIn()
  await page.goto('/account/sessions')
  await page.getByRole('button', { name: 'Sign out everywhere' }).click()
  const dialog = page.getByRole('dialog', { name: 'Sign out everywhere?' })
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await expect(dialog).toHaveCount(0)
  await page.getByRole('button', { name: 'Sign out everywhere' }).click()
  await dialog.getByRole('button', { name: 'Sign out everywhere' }).click()
  await expect(page).toHaveURL(/\/sign-in/)
})
