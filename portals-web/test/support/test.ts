import { type ConsoleMessage, expect, type Page, test as base } from '@playwright/test'

interface Fixtures {
  /** Errors that a test provokes on purpose; every other one fails it. */
  expectedErrors: RegExp | null
  /** Watches the browser's console and uncaught errors. */
  watch: void
  /** Signs in as this user of the mock. */
  signIn: (user?: string) => Promise<void>
}

export const test = base.extend<Fixtures>({
  expectedErrors: [null, { option: true }],

  watch: [
    async ({ page, expectedErrors }, provide) => {
      const errors: string[] = []
      page.on('console', (message) => {
        if (isError(message)) errors.push(`${message.text()} ${message.location().url}`)
      })
      page.on('pageerror', (error) => errors.push(String(error)))
      await provide()
      const unexpected = errors.filter((text) => !expectedErrors?.test(text))
      expect(unexpected, 'the console stays free of errors').toEqual([])
    },
    { auto: true },
  ],

  signIn: async ({ page }, provide) => {
    await provide(async (user = 'admin') => signInAs(page, user, 'demo'))
  },
})

export { expect } from '@playwright/test'

export async function signInAs(page: Page, user: string, password: string): Promise<void> {
  await page.goto('/sign-in')
  await page.getByLabel('User name').fill(user)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL('**/live')
  await page.getByRole('navigation', { name: 'Sections' }).waitFor()
}

/** The browser reports the question "who am I?" of somebody who is not signed in; that is no error. */
function isError(message: ConsoleMessage): boolean {
  if (message.type() !== 'error') return false
  const asksForSession = message.location().url.endsWith('/api/v1/session')
  return !(asksForSession && message.text().includes('401'))
}
