import { fileURLToPath } from 'node:url'

import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

import { mockApi } from './mock-api/vite-plugin.ts'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

// `--mode mock` answers /api from memory; every other mode passes it on to a running switch.
export default defineConfig(({ mode }) => ({
  plugins: [react(), tailwindcss(), ...(mode === 'mock' ? [mockApi()] : [])],
  resolve: { alias: { '~': path('./app'), '#mock': path('./mock-api') } },
  build: {
    target: 'es2023',
    // Fonts stay files: a data: URL would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: {
      polyfill: false,
      // The first page's chunks are asked for together. Any other page is fetched on hover, where
      // a second round trip costs nobody anything, and its list would weigh on the first page.
      resolveDependencies: (file, chunks) =>
        /(AdminLayout|LivePage)-/.test(file)
          ? chunks
          : chunks.filter((name) => name.endsWith('.css')),
    },
    // What several pages share comes in one piece, which packs better than forty small ones.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: 'base', minShareCount: 10 }] } },
    },
    chunkSizeWarningLimit: 700,
  },
  server: {
    port: 5173,
    ...(mode === 'mock'
      ? {}
      : { proxy: { '/api': process.env['DIDTRON_URL'] ?? 'http://127.0.0.1:8080' } }),
  },
  preview: { port: 4173, strictPort: true },
  test: {
    // Specs of components say `@vitest-environment jsdom` for themselves.
    environment: 'node',
    include: ['app/**/*.spec.{ts,tsx}', 'mock-api/**/*.spec.ts', 'test/unit/**/*.spec.{ts,tsx}'],
    setupFiles: ['test/unit/setup.ts'],
    restoreMocks: true,
    // A limit for what hangs, not a measure of speed: a loaded machine is no failure.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    env: { TZ: 'Asia/Kolkata' },
  },
}))
