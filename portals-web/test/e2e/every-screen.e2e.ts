import type { Page } from '@playwright/test'

import { expectAccessible } from '../support/axe'
import { expect, test } from '../support/test'

interface Screen {
  name: string
  path: string
  ready: (page: Page) => Promise<unknown>
}

const heading = (page: Page) => page.getByRole('heading', { level: 1 }).waitFor()
const form = (page: Page) => page.getByRole('navigation', { name: 'Parts' }).waitFor()
const rowLink = (page: Page) => page.locator('[data-row-link]').first().waitFor()

const SCREENS: readonly Screen[] = [
  { name: 'live', path: '/live', ready: (page) => page.locator('.chart canvas').first().waitFor() },
  {
    name: 'live-calls',
    path: '/live/calls',
    ready: (page) => page.getByText(/calls? up$/).waitFor(),
  },
  { name: 'cdrs', path: '/cdrs?last=1h', ready: rowLink },
  { name: 'cdrs-no-match', path: '/cdrs?customer=nobody', ready: heading },
  {
    name: 'reports',
    path: '/reports?compare=previous',
    ready: (page) => page.getByRole('img', { name: /in all/ }).waitFor(),
  },
  {
    name: 'explain',
    path: '/explain?from=442071838750&to=201001234567&customer=Cairo+Connect',
    ready: (page) => page.getByText('Tried first').waitFor(),
  },
  { name: 'explain-empty', path: '/explain', ready: heading },
  {
    name: 'explain-rejected',
    path: '/explain?from=442071838750&to=0001&customer=Cairo+Connect',
    ready: (page) => page.getByText('Rejected here').waitFor(),
  },
  { name: 'configuration', path: '/configuration/trunk', ready: rowLink },
  { name: 'resource', path: '/configuration/trunk/aurora-fra', ready: form },
  { name: 'resource-advanced', path: '/configuration/trunk/aurora-fra?tab=advanced', ready: form },
  { name: 'resource-new', path: '/configuration/schedule/new', ready: form },
  { name: 'resource-role', path: '/configuration/role/new', ready: form },
  {
    name: 'resource-assignment',
    path: '/configuration/voice_tier/premium?tab=assignment',
    ready: form,
  },
  {
    name: 'resource-customers',
    path: '/configuration/voice_tier/premium?tab=customers',
    ready: (page) => page.getByText('1 customer gets it').waitFor(),
  },
  {
    name: 'resource-history',
    path: '/configuration/trunk/aurora-fra?tab=history',
    ready: (page) =>
      page.getByRole('table', { name: 'History' }).or(page.getByText('Now')).first().waitFor(),
  },
  {
    name: 'balance',
    path: '/configuration/customer/Cairo Connect?tab=balance',
    ready: (page) => page.getByRole('region', { name: 'Movements' }).waitFor(),
  },
  {
    name: 'entitlements',
    path: '/configuration/customer/Cairo Connect?tab=entitlements',
    ready: (page) => page.getByRole('region', { name: 'Voice tiers' }).waitFor(),
  },
  { name: 'apply', path: '/configuration/apply', ready: heading },
  { name: 'system', path: '/system', ready: (page) => page.getByText('Running').waitFor() },
  { name: 'jobs', path: '/system/jobs', ready: rowLink },
  { name: 'job', path: '/system/jobs/69', ready: (page) => page.getByText('Gave up').waitFor() },
  {
    name: 'job-running',
    path: '/system/jobs/68',
    ready: (page) => page.getByRole('progressbar').waitFor(),
  },
  {
    name: 'schedules',
    path: '/system/schedules',
    ready: (page) => page.getByText('secrets.check').waitFor(),
  },
  {
    name: 'events',
    path: '/system/events?kind=user.*',
    ready: (page) => page.getByRole('button', { name: 'user.signed_in' }).first().waitFor(),
  },
  {
    name: 'deliveries',
    path: '/system/notifications?event=user.signed_in',
    ready: (page) => page.getByText('Given up').waitFor(),
  },
  {
    name: 'resource-deliveries',
    path: '/configuration/notification_target/noc-hook?tab=deliveries',
    ready: (page) => page.getByRole('button', { name: 'Send a test' }).waitFor(),
  },
  { name: 'change-sets', path: '/configuration/change-sets', ready: heading },
  { name: 'users', path: '/people/users', ready: rowLink },
  {
    name: 'user',
    path: '/people/users/3',
    ready: (page) => page.getByLabel('Networks').waitFor(),
  },
  {
    name: 'invitations',
    path: '/people/invitations',
    ready: (page) => page.getByText('Nobody is invited').waitFor(),
  },
  {
    name: 'registrations',
    path: '/people/registrations',
    ready: (page) => page.getByText('Polar Telecom').waitFor(),
  },
  {
    name: 'tenants',
    path: '/people/tenants',
    ready: (page) => page.getByText('Delta Operator').waitFor(),
  },
  {
    name: 'api-keys',
    path: '/people/api-keys',
    ready: (page) => page.getByText('No API keys').waitFor(),
  },
  {
    name: 'audit',
    path: '/people/audit',
    ready: (page) => page.getByRole('button', { name: 'trunk.update' }).first().waitFor(),
  },
  {
    name: 'account',
    path: '/account',
    ready: (page) => page.getByLabel('Another address').waitFor(),
  },
  {
    name: 'security',
    path: '/account/security',
    ready: (page) => page.getByRole('button', { name: 'Set up an app' }).waitFor(),
  },
  {
    name: 'sessions',
    path: '/account/sessions',
    ready: (page) => page.getByText('Recent sign-ins').waitFor(),
  },
  { name: 'not-found', path: '/no/such/page', ready: heading },
]

const TOKEN = 'ab12'.repeat(16)

/** Pages that need no session. */
const OPEN_PATHS = [
  '/register',
  `/registration#${TOKEN}`,
  `/invitation#${TOKEN}`,
  `/email-verification#${TOKEN}`,
  '/forgot-password',
  `/password-reset#${TOKEN}`,
]

const WIDTHS = [1280, 1440]

async function photograph(page: Page, name: string): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 })
    await page.screenshot({ path: `test-results/screens/${name}-${width}.png` })
  }
  await page.setViewportSize({ width: 1280, height: 800 })
}

/** The palette and the help are fetched a moment after the page. */
async function layersFetched(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    performance.getEntriesByType('resource').some(({ name }) => /layers-.*js$/.test(name)),
  )
}

async function closeLayers(page: Page): Promise<void> {
  // A layer may still be on its way.
  await page.waitForTimeout(150)
  await expect(async () => {
    await page.keyboard.press('Escape')
    await expect(page.locator('dialog, [role=menu], [role=dialog]')).toHaveCount(0, {
      timeout: 200,
    })
  }).toPass()
}

for (const theme of ['light', 'dark'] as const) {
  test.describe(`in ${theme}`, () => {
    test.use({ colorScheme: theme })

    test('the sign-in page is accessible', async ({ page }) => {
      await page.goto('/sign-in')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await expect(page.getByText('Fill in this field.')).toHaveCount(2)
      await expectAccessible(page)
      await photograph(page, `sign-in-${theme}`)
    })

    for (const path of OPEN_PATHS) {
      test(`${path} is accessible without a session`, async ({ page }) => {
        await page.goto(path)
        await heading(page)
        await page.getByRole('button').first().waitFor()
        await expectAccessible(page)
        await photograph(page, `${path.slice(1).split('#')[0]}-${theme}`)
      })
    }

    for (const { name, path, ready } of SCREENS) {
      test(`${name} is accessible`, async ({ page, signIn }) => {
        await signIn()
        await page.goto(path)
        await ready(page)
        await expectAccessible(page)
        await photograph(page, `${name}-${theme}`)
      })
    }

    test('a call record is accessible', async ({ page, signIn }) => {
      await signIn()
      await page.goto('/cdrs?outcome=answered&refresh=off')
      await page.getByRole('row').filter({ hasText: '×2' }).first().click()
      await page.getByRole('region', { name: 'Timeline' }).waitFor()
      await expectAccessible(page)
      await photograph(page, `cdr-${theme}`)
    })

    test('what lies over a page is accessible', async ({ page, signIn }) => {
      await signIn()
      await page.keyboard.press('Control+k')
      await page.getByRole('option').first().waitFor()
      await expectAccessible(page)
      await photograph(page, `palette-${theme}`)
      await page.keyboard.press('Escape')
      await page.keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
      await expectAccessible(page)
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Show ASR as a table' }).click()
      await expectAccessible(page)
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Account of admin' }).click()
      await expectAccessible(page)
      await page.goto('/cdrs')
      await rowLink(page)
      await page.getByRole('button', { name: 'Time', exact: true }).click()
      await expectAccessible(page)
      await photograph(page, `filter-${theme}`)
    })
  })
}

for (const { name, path, ready } of SCREENS) {
  test(`every button of ${name} can be pressed without an error`, async ({ page, signIn }) => {
    // A button may change the record, and each user of the mock has records of their own.
    await signIn(`buttons-of-${name}`)
    await page.goto(path)
    await ready(page)
    await layersFetched(page)
    const scope = page.locator(path === '/live' ? 'body' : 'main')
    const count = await scope.getByRole('button').count()
    for (let index = 0; index < count; index += 1) {
      const button = scope.getByRole('button').nth(index)
      if (!(await button.isVisible()) || !(await button.isEnabled())) continue
      await button.click()
      await closeLayers(page)
      if (!page.url().includes(path.split('?')[0] ?? path)) break
    }
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  })
}

for (const { name, path, ready } of SCREENS) {
  test(`${name} does not scroll sideways`, async ({ page, signIn }) => {
    await signIn()
    await page.goto(path)
    await ready(page)
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    )
    expect(overflow, `${path} does not scroll sideways`).toBeLessThanOrEqual(0)
  })
}
