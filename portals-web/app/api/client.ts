import createClient from 'openapi-fetch'

import type { paths, Problem } from './__generated__/schema'
import { sign } from './csrf'
import { ApiError, UnreachableError } from './errors'
import { isConfirmed } from './identity'

/** Same origin: the session cookie goes along by itself and no address is configured. */
export const api = createClient<paths>({
  baseUrl: '/',
  fetch: async (request) => {
    try {
      const send = await repeatable(request)
      const response = await send()
      return (await isConfirmed(response)) ? await send() : response
    } catch (cause) {
      if (request.signal.aborted) throw cause
      throw new UnreachableError('The switch cannot be reached', { cause })
    }
  },
})

/** A request that can be sent again: its body is kept as text, because a stream is read once. */
async function repeatable(request: Request): Promise<() => Promise<Response>> {
  const body = request.body === null ? null : await request.text()
  const init = body === null ? {} : { body }
  return () => globalThis.fetch(sign(new Request(request, init)))
}

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The body of a good answer; throws `ApiError` for any other. */
export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer
  if (!response.ok) throw new ApiError(asProblem(error, response))
  // An answer without a body (204) has no data; its T is then `undefined` or `never` by type.
  return data as T
}

function asProblem(body: unknown, response: Response): Problem {
  if (isProblem(body)) return body
  // A proxy between us and the switch answers in its own words.
  return {
    type: response.status >= 500 ? '/problems/unavailable' : 'about:blank',
    title: response.statusText,
    status: response.status,
    detail: '',
  }
}

function isProblem(body: unknown): body is Problem {
  return (
    typeof body === 'object' &&
    body !== null &&
    'type' in body &&
    typeof body.type === 'string' &&
    'status' in body &&
    typeof body.status === 'number'
  )
}
