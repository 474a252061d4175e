import { afterEach, expect, test, vi } from 'vitest'

import { api, unwrap } from './client'
import { setIdentityPrompt } from './identity'

/** The client needs whole addresses where there is no page. */
const baseUrl = 'http://switch.example'

function answers(...list: Response[]) {
  const sent: { body: string; token: string | null }[] = []
  vi.stubGlobal('fetch', async (request: Request) => {
    sent.push({ body: await request.text(), token: request.headers.get('x-csrf-token') })
    const next = list.shift()
    if (!next) throw new Error('nothing more was expected')
    return next
  })
  return sent
}

const refusal = () =>
  Response.json(
    { type: '/problems/confirm-identity', title: '', status: 403, detail: '' },
    {
      status: 403,
    },
  )

afterEach(() => {
  setIdentityPrompt(null)
  vi.unstubAllGlobals()
})

const body = { name: 'One', note: 'why' }

test('what wants a confirmation is sent again with its body, once it is given', async () => {
  const sent = answers(refusal(), Response.json({ id: 7 }, { status: 201 }))
  setIdentityPrompt(async () => true)
  await unwrap(api.POST('/api/v1/change-sets', { baseUrl, body }))
  expect(sent.map((each) => JSON.parse(each.body))).toEqual([body, body])
})

test('without a confirmation the refusal stays', async () => {
  const sent = answers(refusal())
  setIdentityPrompt(async () => false)
  await expect(unwrap(api.POST('/api/v1/change-sets', { baseUrl, body }))).rejects.toThrow()
  expect(sent).toHaveLength(1)
})

test('any other refusal asks nobody', async () => {
  const prompt = vi.fn(async () => true)
  setIdentityPrompt(prompt)
  answers(Response.json({ type: '/problems/forbidden', status: 403 }, { status: 403 }))
  await expect(unwrap(api.GET('/api/v1/me', { baseUrl }))).rejects.toThrow()
  expect(prompt).not.toHaveBeenCalled()
})
