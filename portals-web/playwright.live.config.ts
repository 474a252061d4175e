import { defineConfig } from '@playwright/test'

import { BROWSER } from './test/support/browser'

/** Against a switch that runs: DIDTRON_URL, DIDTRON_USER, DIDTRON_PASSWORD say which. */
export default defineConfig({
  testDir: 'test/e2e-live',
  testMatch: '*.e2e.ts',
  outputDir: 'test-results/live',
  workers: 1,
  retries: process.env['CI'] ? 1 : 0,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: { ...BROWSER, baseURL: process.env['DIDTRON_URL'] ?? 'http://127.0.0.1:8080' },
})
