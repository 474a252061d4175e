import type { Page } from '@playwright/test'

import { expectAccessible } from '../support/axe'
import { expect, test } from '../support/test'

const language = (page: Page, name: string) => page.getByText(name, { exact: true }).click()

async function switchInMenu(page: Page, account: RegExp, name: string): Promise<void> {
  await page.getByRole('button', { name: account }).click()
  await page.getByRole('menuitemradio', { name }).click()
}

const toSpanish = (page: Page) => switchInMenu(page, /^Account of/, 'Español')

test('the sign-in page changes its language at once and keeps it', async ({ page }) => {
  await page.goto('/sign-in')
  await expect(page.locator('html')).toHaveAttribute('lang', 'en')
  await language(page, 'Español')
  const heading = page.getByRole('heading', { name: 'Iniciar sesión en la consola del operador' })
  await expect(heading).toBeVisible()
  await expect(page.locator('html')).toHaveAttribute('lang', 'es')
  await expect(page).toHaveTitle('Iniciar sesión - DIDTron')
  await expectAccessible(page)
  await page.reload()
  await expect(heading).toBeVisible()
  await page.getByRole('button', { name: 'Iniciar sesión' }).click()
  await expect(page.getByText('Completar este campo.')).toHaveCount(2)
  await page.getByLabel('Usuario').fill('admin')
  await page.getByLabel('Contraseña', { exact: true }).fill('demo')
  await page.getByRole('button', { name: 'Iniciar sesión' }).click()
  await expect(page.getByRole('heading', { name: 'Panel en vivo' })).toBeVisible()
})

test('the menu changes the language of the page that is open, without a reload', async ({
  page,
  signIn,
}) => {
  await signIn()
  await page.goto('/reports')
  await expect(page.getByRole('heading', { name: 'Traffic report' })).toBeVisible()
  await page.evaluate(() => Object.assign(window, { isSamePage: true }))
  await toSpanish(page)
  await expect(page.getByRole('heading', { name: 'Informe de tráfico' })).toBeVisible()
  await expect(page.locator('html')).toHaveAttribute('lang', 'es')
  expect(await page.evaluate(() => 'isSamePage' in window)).toBe(true)
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Informe de tráfico' })).toBeVisible()
  await switchInMenu(page, /^Cuenta de/, 'English')
  await expect(page.getByRole('heading', { name: 'Traffic report' })).toBeVisible()
  await expect(page.locator('html')).toHaveAttribute('lang', 'en')
})

test.describe('of a browser that asks for Spanish', () => {
  test.use({ locale: 'es-MX' })

  test('who never chose begins in Spanish', async ({ page }) => {
    await page.goto('/sign-in')
    await expect(page.getByRole('button', { name: 'Iniciar sesión' })).toBeVisible()
    await expect(page.locator('html')).toHaveAttribute('lang', 'es')
    await language(page, 'English')
    await page.reload()
    await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()
  })
})

test('who reads English fetches nothing of another language', async ({ page, signIn }) => {
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await signIn()
  expect(asked.filter((path) => /\/assets\/es-/.test(path))).toEqual([])
  await toSpanish(page)
  await expect(page.getByRole('heading', { name: 'Panel en vivo' })).toBeVisible()
  expect(asked.filter((path) => /\/assets\/es-/.test(path))).not.toEqual([])
})

test.describe('without the texts of the other language', () => {
  test.use({ expectedErrors: /ERR_FAILED/ })

  test('nothing changes, and the reason is told', async ({ page, signIn }) => {
    await page.route('**/assets/es-*', (route) => route.abort())
    await signIn()
    await toSpanish(page)
    await expect(page.getByRole('alert')).toHaveText(
      'The other language could not be fetched. Try again.',
    )
    await expect(page.getByRole('heading', { name: 'Live dashboard' })).toBeVisible()
    await page.reload()
    await expect(page.getByRole('heading', { name: 'Live dashboard' })).toBeVisible()
  })
})

test('numbers, money and shares are written as the language writes them', async ({
  page,
  signIn,
}) => {
  await signIn()
  await page.goto('/reports')
  await toSpanish(page)
  const figure = (name: string) =>
    page
      .locator('dl > *')
      .filter({ hasText: new RegExp(`^${name}`) })
      .getByRole('definition')
  await expect(figure('Llamadas')).toHaveText(/^\d{2,3}(\.\d{3})+$/)
  await expect(figure('ASR')).toHaveText(/^\d{1,3},\d\s%/)
  await expect(figure('Cargo USD')).toHaveText(/^\d+,\d{4}/)
  await expectAccessible(page)
})

test('a comma in an amount is sent as a point, and an unclear amount is refused', async ({
  page,
  signIn,
}) => {
  await signIn()
  await page.goto('/configuration/customer/Cairo Connect?tab=balance')
  await toSpanish(page)
  await page.getByRole('button', { name: 'Asentar un pago' }).click()
  const dialog = page.getByRole('dialog')
  const amount = dialog.getByLabel('Importe')
  await amount.fill('1.250')
  await dialog.getByRole('button', { name: 'Continuar' }).click()
  await expect(dialog.getByText(/sin separador de miles/)).toBeVisible()
  await amount.fill('1250,75')
  await dialog.getByRole('button', { name: 'Continuar' }).click()
  await expect(dialog.getByRole('status')).toContainText(/1250,75\sUSD/)
  const sent = page.waitForRequest(
    (request) => request.method() === 'POST' && request.url().includes('/payments'),
  )
  await dialog.getByRole('button', { name: 'Asentar' }).click()
  expect((await sent).postDataJSON()).toMatchObject({ amount: '1250.75', currency: 'USD' })
})

test('the palette finds a page by its words in either language, with or without accents', async ({
  page,
  signIn,
}) => {
  await signIn()
  await toSpanish(page)
  const search = page.getByRole('combobox', { name: 'Búsqueda y comandos' })
  const found = page.getByRole('option', { name: /Registro de auditoría/ })
  for (const words of ['auditoría', 'registro de auditoria', 'audit log']) {
    await page.keyboard.press('Control+k')
    await search.fill(words)
    await expect(found).toBeVisible()
    await page.keyboard.press('Escape')
    await expect(search).toBeHidden()
  }
  await page.keyboard.press('Control+k')
  await search.fill('English')
  await page.getByRole('option', { name: 'Idioma: English' }).click()
  await expect(page.getByRole('heading', { name: 'Live dashboard' })).toBeVisible()
})

test('lists, forms and help of every kind are in Spanish, and records are found by them', async ({
  page,
  signIn,
}) => {
  await signIn()
  await page.goto('/configuration/trunk')
  await toSpanish(page)
  await expect(page.getByRole('heading', { level: 1, name: 'Troncales' })).toBeVisible()
  await expect(page.getByRole('columnheader', { name: 'Dirección del tráfico' })).toBeVisible()
  await expect(page.getByRole('cell', { name: 'Entrada', exact: true }).first()).toBeVisible()
  await page.goto('/configuration/trunk/aurora-fra?tab=advanced')
  await expect(page.getByText('Salida: cuándo pasar a la ruta siguiente.')).toBeVisible()
  await expect(page.getByText('segundos', { exact: true }).first()).toBeVisible()
  await expectAccessible(page)
  await page.goto('/configuration/role/new')
  await expect(page.getByRole('group', { name: 'Auditoría' })).toContainText('Exportar')
  await expectAccessible(page)
  await page.keyboard.press('Control+k')
  const search = page.getByRole('combobox', { name: 'Búsqueda y comandos' })
  await search.fill('rate cards')
  await page.getByRole('option', { name: /^Tarifarios/ }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Tarifarios' })).toBeVisible()
})

test('a form that is being filled in keeps what is written when the language changes', async ({
  page,
  signIn,
}) => {
  await signIn()
  await page.goto('/configuration/trunk/aurora-fra')
  await page.getByLabel('CPS limit').fill('77')
  await toSpanish(page)
  await expect(page.getByLabel('Límite de CPS')).toHaveValue('77')
  await page.getByLabel('Límite de CPS').fill('siete')
  await page.getByRole('button', { name: 'Guardar', exact: true }).click()
  await expect(page.getByText('Escribir un número entero.').first()).toBeVisible()
})

const SCREENS: readonly [path: string, heading: string][] = [
  ['/live', 'Panel en vivo'],
  ['/cdrs?last=1h', 'Registros de llamadas'],
  ['/explain?from=442071838750&to=201001234567&customer=Cairo+Connect', 'Explicar una ruta'],
  ['/configuration/apply', 'Aplicar archivos'],
  ['/configuration/change-sets', 'Conjuntos de cambios'],
  ['/people/users', 'Usuarios'],
  ['/people/audit', 'Registro de auditoría'],
  ['/system', 'Estado del nodo'],
  ['/system/jobs', 'Tareas en segundo plano'],
  ['/system/events', 'Eventos'],
  ['/account', 'Mi cuenta'],
]

for (const theme of ['light', 'dark']) {
  test(`the main screens in Spanish are accessible and fit, ${theme}`, async ({ page, signIn }) => {
    test.slow()
    await page.addInitScript((chosen) => {
      localStorage.setItem('didtron.theme', chosen)
    }, theme)
    await signIn()
    await toSpanish(page)
    for (const [path, heading] of SCREENS) {
      await page.goto(path)
      await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible()
      await expectAccessible(page)
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      expect(overflow, `${path} is no wider than the window`).toBeLessThanOrEqual(0)
    }
  })
}
