import { defineConfig } from '@playwright/test'

import { BROWSER } from './test/support/browser'

/** One of this run, which its workers inherit: two checkouts can be tested at the same time. */
const PORT = Number((process.env['E2E_PORT'] ??= String(20_000 + (process.pid % 10_000))))

/** The built console with the mock API: build first. Every state and failure can be reached. */
export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '*.e2e.ts',
  outputDir: 'test-results/mock',
  // Roomy, because a busy machine is slow and not wrong.
  timeout: 90_000,
  expect: { timeout: 15_000 },
  fullyParallel: true,
  workers: 2,
  forbidOnly: Boolean(process.env['CI']),
  retries: process.env['CI'] ? 2 : 0,
  reporter: [['list']],
  use: { ...BROWSER, baseURL: `http://127.0.0.1:${PORT}` },
  webServer: {
    command: `npx vite preview --mode mock --host 127.0.0.1 --port ${PORT}`,
    url: `http://127.0.0.1:${PORT}`,
    reuseExistingServer: false,
    timeout: 300_000,
  },
})
