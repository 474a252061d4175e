import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Connect, Plugin } from 'vite'

import { MockServer } from './server.ts'

/** At least as strict as what the switch sends; under `preview` the console is held to it. */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

/** Serves the mock API beside the console, in development and with the built files. */
export function mockApi(): Plugin {
  const server = new MockServer()
  const middleware = (
    request: IncomingMessage,
    response: ServerResponse,
    next: Connect.NextFunction,
  ) => {
    if (!server.handle(request, response)) next()
  }
  return {
    name: 'didtron-mock-api',
    configureServer: (vite) => {
      vite.middlewares.use(middleware)
    },
    configurePreviewServer: (vite) => {
      vite.middlewares.use((_request, response, next) => {
        for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
          response.setHeader(name, value)
        }
        next()
      })
      vite.middlewares.use(middleware)
    },
  }
}
