// Puts Swagger UI, as its package has it, beside the built console: the switch serves it at /api/docs.
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

const from = join(import.meta.dirname, '../node_modules/swagger-ui-dist')
const to = join(import.meta.dirname, '../dist/api-docs')

mkdirSync(to, { recursive: true })
const files = [
  'swagger-ui-bundle.js',
  'swagger-ui-bundle.js.LICENSE.txt',
  'swagger-ui.css',
  'LICENSE',
  'NOTICE',
]
for (const file of files) copyFileSync(join(from, file), join(to, file))
