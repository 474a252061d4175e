import { defineConfig } from '@playwright/test'

import { BROWSER } from './test/support/browser'

/** Another one where two checkouts are tested at the same time. */
const PORT = Number(process.env['E2E_PORT'] ?? 4173)

/** The built console with the mock API: build first. Every state and failure can be reached. */
export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '*.e2e.ts',
  outputDir: 'test-results/mock',
  // Roomy, because a busy machine is slow and not wrong.
  timeout: 240_000,
  expect: { timeout: 60_000 },
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
