import { keepPreviousData, queryOptions } from '@tanstack/react-query'

import { withoutUndefined } from '~/util/objects'

import type { Rerating, ReratingCreate } from './__generated__/schema'
import { api, unwrap } from './client'

const BASE = '/api/v1/reratings'
const ONE = `${BASE}/{id}` as const

const at = (id: number) => ({ path: { id } })

export const reratingPageQuery = (cursor?: string) =>
  queryOptions({
    queryKey: ['reratings', 'page', cursor ?? null],
    queryFn: ({ signal }) =>
      unwrap(api.GET(BASE, { params: { query: withoutUndefined({ cursor }) }, signal })),
    placeholderData: keepPreviousData,
  })

export const reratingQuery = (id: number) =>
  queryOptions({
    queryKey: ['reratings', 'one', id],
    queryFn: ({ signal }) => unwrap(api.GET(ONE, { params: at(id), signal })),
  })

/** Asks for a preview: nothing is posted by that. */
export async function createRerating(body: ReratingCreate): Promise<Rerating> {
  return unwrap(api.POST(BASE, { body }))
}

/** Posts what the preview shows. */
export async function applyRerating(id: number): Promise<Rerating> {
  return unwrap(api.POST(`${ONE}/apply`, { params: at(id) }))
}

export async function discardRerating(id: number): Promise<void> {
  await unwrap(api.DELETE(ONE, { params: at(id) }))
}

/** Whether a job works on it, so that looking again soon is worth it. */
export function isWorking({ state }: Pick<Rerating, 'state'>): boolean {
  return state === 'previewing' || state === 'applying'
}
