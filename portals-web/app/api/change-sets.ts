import { keepPreviousData, queryOptions } from '@tanstack/react-query'

import { withoutUndefined } from '~/util/objects'

import type {
  ChangeSet,
  ChangeSetState,
  DraftedResult,
  LaterChangesChoice,
  PreferredSide,
  RebaseResult,
} from './__generated__/schema'
import { api, unwrap } from './client'

const BASE = '/api/v1/change-sets'
const ONE = `${BASE}/{id}` as const

/** Recent calls that a preview decides again. */
export const REPLAYED_CALLS = 2_000

const at = (id: number) => ({ path: { id } })

export const changeSetPageQuery = (state?: ChangeSetState, cursor?: string) =>
  queryOptions({
    queryKey: ['change-sets', 'page', state ?? null, cursor ?? null],
    queryFn: ({ signal }) => {
      const query = withoutUndefined({ state, cursor: cursor ? Number(cursor) : undefined })
      return unwrap(api.GET(BASE, { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })

export const changeSetQuery = (id: number) =>
  queryOptions({
    queryKey: ['change-sets', 'one', id],
    queryFn: ({ signal }) => unwrap(api.GET(ONE, { params: at(id), signal })),
  })

export const draftPageQuery = (id: number, cursor?: string, kind?: string) =>
  queryOptions({
    queryKey: ['change-sets', 'drafts', id, cursor ?? null, kind ?? null],
    queryFn: ({ signal }) => {
      const params = { ...at(id), query: withoutUndefined({ cursor, kind }) }
      return unwrap(api.GET(`${ONE}/drafts`, { params, signal }))
    },
    placeholderData: keepPreviousData,
  })

export const draftQuery = (id: number, kind: string, name: string) =>
  queryOptions({
    queryKey: ['change-sets', 'draft', id, kind, name],
    queryFn: ({ signal }) => {
      const params = { path: { id, kind, name } }
      return unwrap(api.GET(`${ONE}/drafts/{kind}/{name}`, { params, signal }))
    },
    // A form holds what is shown.
    gcTime: 0,
  })

/** What a push would do now. Asked for each time it is looked at: the switch goes on. */
export const previewQuery = (id: number, revision: number) =>
  queryOptions({
    queryKey: ['change-sets', 'preview', id, revision],
    queryFn: ({ signal }) => {
      const params = { ...at(id), query: { calls: REPLAYED_CALLS } }
      return unwrap(api.GET(`${ONE}/preview`, { params, signal }))
    },
  })

export const laterChangesQuery = (id: number) =>
  queryOptions({
    queryKey: ['change-sets', 'later', id],
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET(`${ONE}/later-changes`, { params: at(id), signal }))).items,
  })

export async function createChangeSet(name: string, note?: string): Promise<ChangeSet> {
  return unwrap(api.POST(BASE, { body: { name, ...(note ? { note } : {}) } }))
}

/** Another name or note; refused when it was changed since. */
export async function describeChangeSet(
  { id, revision }: Pick<ChangeSet, 'id' | 'revision'>,
  name: string,
  note: string | null,
): Promise<ChangeSet> {
  const params = { ...at(id), header: { 'If-Match': `"${revision}"` } }
  return unwrap(api.PUT(ONE, { params, body: { name, note } }))
}

export async function discardChangeSet(id: number): Promise<void> {
  await unwrap(api.DELETE(ONE, { params: at(id) }))
}

export async function discardDraft(id: number, kind: string, name: string): Promise<void> {
  const params = { path: { id, kind, name } }
  await unwrap(api.DELETE(`${ONE}/drafts/{kind}/{name}`, { params }))
}

/** Pushes what was looked at: now, or at a time. */
export async function pushChangeSet(
  { id, revision }: Pick<ChangeSet, 'id' | 'revision'>,
  when?: string,
): Promise<ChangeSet> {
  const body = withoutUndefined({ revision, at: when })
  return unwrap(api.POST(`${ONE}/push`, { params: at(id), body }))
}

export async function unscheduleChangeSet(id: number): Promise<ChangeSet> {
  return unwrap(api.POST(`${ONE}/unschedule`, { params: at(id) }))
}

/** Puts the drafts upon what is in force now; `prefer` says who wins where both changed a field. */
export async function rebaseChangeSet(id: number, prefer?: PreferredSide): Promise<RebaseResult> {
  return unwrap(api.POST(`${ONE}/rebase`, { params: at(id), body: withoutUndefined({ prefer }) }))
}

export async function rollBackChangeSet(
  id: number,
  choice: { later_changes?: LaterChangesChoice; draft_only?: boolean; note?: string },
): Promise<ChangeSet> {
  return unwrap(api.POST(`${ONE}/rollback`, { params: at(id), body: choice }))
}

/** Whether an answer says what was put into a change set, instead of what is in force. */
export function isDrafted(answer: object): answer is DraftedResult {
  return 'change_set' in answer && 'changes' in answer
}
