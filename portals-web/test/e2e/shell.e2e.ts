import { expect, test } from '../support/test'

test.beforeEach(async ({ signIn }) => {
  await signIn()
})

test('the palette goes to pages, numbers and records', async ({ page }) => {
  await page.keyboard.press('Control+k')
  const input = page.getByRole('combobox', { name: 'Search and commands' })
  await expect(input).toBeFocused()
  await input.fill('rate ca')
  await expect(page.getByRole('option').first()).toHaveText(/Rate cards/)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/configuration\/rate_card$/)

  await page.keyboard.press('Control+k')
  await input.fill('+44 7700')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/cdrs\?called_prefix=447700$/)

  await page.keyboard.press('Control+k')
  await input.fill(`#${'0'.repeat(32)}`)
  await expect(page.getByRole('option')).toHaveCount(1)
  await input.fill('no such thing at all')
  await expect(page.getByText('Nothing matches “no such thing at all”.')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(input).toBeHidden()
})

test('keys go to pages and the help lists them', async ({ page }) => {
  const places = [
    ['g', 'l', /\/cdrs$/],
    ['g', 'r', /\/explain$/],
    ['g', 'c', /\/configuration\/customer$/],
    ['g', 'n', /\/system$/],
    ['g', 'm', /\/live\/calls$/],
    ['g', 'h', /\/live$/],
  ] as const
  for (const [first, second, url] of places) {
    // The two keys belong together for a moment only, which a busy machine may miss.
    await expect(async () => {
      await page.keyboard.press(first)
      await page.keyboard.press(second)
      await expect(page).toHaveURL(url, { timeout: 2000 })
    }).toPass()
  }
  await page.keyboard.press('?')
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  await expect(help).toContainText('Explain a route')
  await help.getByRole('checkbox', { name: /Shortcuts of a single key/ }).uncheck()
  await page.keyboard.press('Escape')
  await page.keyboard.press('g')
  await page.keyboard.press('l')
  await expect(page).toHaveURL(/\/live$/)
  await page.keyboard.press('Control+k')
  await expect(page.getByRole('combobox')).toBeVisible()
})

test('the theme is chosen, kept, and there before the first paint', async ({ page }) => {
  const html = page.locator('html')
  await page.getByRole('button', { name: /^Theme:/ }).click()
  await page.getByRole('menuitemradio', { name: 'Dark' }).click()
  await expect(html).toHaveAttribute('data-theme', 'dark')
  await page.route('**/assets/**', (route) => route.abort())
  await page.route('**/api/**', (route) => route.abort())
  await page.reload({ waitUntil: 'commit' })
  await expect(html).toHaveAttribute('data-theme', 'dark')
})
test.use({ expectedErrors: /ERR_FAILED/ })

test('the theme of the system is followed while it is the choice', async ({ page }) => {
  const html = page.locator('html')
  await page.emulateMedia({ colorScheme: 'dark' })
  await expect(html).toHaveAttribute('data-theme', 'dark')
  await page.emulateMedia({ colorScheme: 'light' })
  await expect(html).toHaveAttribute('data-theme', 'light')
})

test('the submenu lies over the page on a narrow screen and beside it on a wide one', async ({
  page,
}) => {
  const submenu = page.getByRole('navigation', { name: 'Pages of Monitoring' })
  await expect(submenu).toBeHidden()
  await page.keyboard.press('[')
  await submenu.getByRole('link', { name: 'Live calls' }).click()
  await expect(page).toHaveURL(/\/live\/calls$/)
  await expect(submenu).toBeHidden()

  await page.setViewportSize({ width: 1440, height: 900 })
  await expect(submenu).toBeVisible()
  await expect(submenu.getByRole('link', { name: 'Live calls' })).toHaveAttribute(
    'aria-current',
    'page',
  )
  await page.getByRole('button', { name: 'Show or hide the submenu' }).click()
  await expect(submenu).toBeHidden()
  await page.reload()
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect(submenu).toBeHidden()
})

test('times follow the chosen zone', async ({ page }) => {
  await page.goto('/cdrs')
  await page.getByRole('button', { name: 'Account of admin' }).click()
  await page.getByRole('menuitemradio', { name: 'UTC', exact: true }).click()
  await expect(page.getByRole('columnheader', { name: 'Received UTC' })).toBeVisible()
  const time = page.locator('tbody time').first()
  const iso = (await time.getAttribute('datetime')) ?? ''
  await expect(time).toContainText(iso.slice(11, 19))
})

test('an unknown address keeps the shell and offers the way home', async ({ page }) => {
  await page.goto('/no/such/page')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Page not found')
  await page.getByRole('link', { name: 'Go to the live dashboard' }).click()
  await expect(page).toHaveURL(/\/live$/)
})

test('the first tab stop skips to the content', async ({ page }) => {
  await page.reload()
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.locator('#main')).toBeFocused()
})

test('titles name the page first', async ({ page }) => {
  await expect(page).toHaveTitle('Live dashboard - DIDTron')
  await page.goto('/configuration/trunk/aurora-fra')
  await expect(page).toHaveTitle('aurora-fra - Trunks - DIDTron')
})

test.describe('a fault of ours', () => {
  test.use({ expectedErrors: /TypeError/ })

  test('breaks its page and leaves the rest of the console alone', async ({ page }) => {
    // An answer of the wrong shape stands for any fault of ours.
    await page.route('**/api/v1/status', (route) => route.fulfill({ json: { node: 'x' } }))
    await page.goto('/system')
    await expect(page.getByRole('heading', { name: 'This page had an error' })).toBeVisible()
    await page.getByRole('link', { name: 'Calls' }).click()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Call records')
  })
})
