import { keepPreviousData, queryOptions } from '@tanstack/react-query'

import { type CdrFacts, factQuery } from '~/util/cdr-facts'
import { withoutUndefined } from '~/util/objects'

import type { ApplyRequest, Outcome, SecondFactorNeeded, Session } from './__generated__/schema'
import { api, unwrap } from './client'
import { setCsrfToken } from './csrf'
import { ApiError, isSignedOut } from './errors'

/** The session, or null when nobody is signed in. Asked once; signing in and out writes it. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }) => {
    try {
      return begun(await unwrap(api.GET('/api/v1/session', { signal })))
    } catch (error) {
      if (isSignedOut(error)) return null
      throw error
    }
  },
  staleTime: Infinity,
  gcTime: Infinity,
})

/** What a list of records is asked for. Empty fields are not asked. */
export interface CdrFilter extends CdrFacts {
  customer?: string | undefined
  carrier?: string | undefined
  outcome?: Outcome | undefined
  called_prefix?: string | undefined
  /** RFC 3339. */
  from?: string | undefined
  /** RFC 3339. */
  to?: string | undefined
  /** Seconds back from the time of asking; instead of `from`. */
  lastSeconds?: number | undefined
}

export const CDR_PAGE_SIZE = 50

export const cdrPageQuery = (filter: CdrFilter, cursor?: string) =>
  queryOptions({
    queryKey: ['cdrs', filter, cursor ?? null],
    queryFn: ({ signal }) => {
      const query = { ...cdrFilterQuery(filter), ...withoutUndefined({ cursor }) }
      const page = { ...query, limit: CDR_PAGE_SIZE }
      return unwrap(api.GET('/api/v1/cdrs', { params: { query: page }, signal }))
    },
    placeholderData: keepPreviousData,
  })

/** What the records of all pages come to. */
export const cdrTotalsQuery = (filter: CdrFilter) =>
  queryOptions({
    queryKey: ['cdr-totals', filter],
    queryFn: ({ signal }) => {
      const query = cdrFilterQuery(filter)
      return unwrap(api.GET('/api/v1/cdr-totals', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })

/** The filters as the switch is asked for them. */
export function cdrFilterQuery(filter: CdrFilter) {
  const { customer, carrier, outcome, called_prefix, lastSeconds, from, to, ...facts } = filter
  const start =
    lastSeconds === undefined ? from : new Date(Date.now() - lastSeconds * 1000).toISOString()
  return withoutUndefined({
    ...factQuery(facts),
    customer,
    carrier,
    outcome,
    called_prefix,
    from: start,
    to,
  })
}

export const cdrQuery = (id: string) =>
  queryOptions({
    queryKey: ['cdr', id],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/cdrs/{id}', { params: { path: { id } }, signal })),
    // A record is written once and never changed.
    staleTime: Infinity,
  })

export const LIVE_CALLS_PAGE_SIZE = 50

export const liveCallsQuery = (cursor?: string) =>
  queryOptions({
    queryKey: ['calls', cursor ?? null],
    queryFn: ({ signal }) => {
      const query = withoutUndefined({ cursor, limit: LIVE_CALLS_PAGE_SIZE })
      return unwrap(api.GET('/api/v1/calls', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })

export interface ExplainQuestion {
  from: string
  to: string
  customer?: string | undefined
  source?: string | undefined
}

/** Why a call went as it did, and what made the numbers that carriers got. */
export const callExplanationQuery = (id: string) =>
  queryOptions({
    queryKey: ['cdr', id, 'explain'],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/cdrs/{id}/explain', { params: { path: { id } }, signal })),
    staleTime: Infinity,
    retry: false,
  })

export const explainQuery = (question: ExplainQuestion) =>
  queryOptions({
    queryKey: ['explain', question],
    queryFn: ({ signal }) => {
      const { from, to, ...rest } = question
      const query = { from, to, ...withoutUndefined(rest) }
      return unwrap(api.GET('/api/v1/explain', { params: { query }, signal }))
    },
  })

export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/status', { signal })),
})

/** Signs in; the server sets the cookie, or asks for a second factor. */
export async function signIn(
  username: string,
  password: string,
  remember: boolean,
): Promise<Session | SecondFactorNeeded> {
  const body = { username, password, remember }
  const answer = await unwrap(api.POST('/api/v1/session', { body }))
  return 'sign_in_token' in answer ? answer : begun(answer)
}

/** Ends a sign-in with a code of the app, which is digits only, or with a recovery code. */
export async function sendSecondFactor(token: string, typed: string): Promise<Session> {
  const code = typed.replaceAll(/\s/g, '')
  const factor = /^\d{6,8}$/.test(code) ? { code } : { recovery_code: code }
  const body = { sign_in_token: token, ...factor }
  return begun(await unwrap(api.POST('/api/v1/session/second-factor', { body })))
}

/** Signs out. A session that is already over counts as done. */
export async function signOut(): Promise<void> {
  try {
    await unwrap(api.DELETE('/api/v1/session'))
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error
  }
}

/** Applies files, all or none of them; with `dryRun` it is only said what would change. */
export async function applyBundle(bundle: ApplyRequest, dryRun: boolean) {
  return unwrap(api.POST('/api/v1/apply', { params: { query: { dry_run: dryRun } }, body: bundle }))
}

/** Keeps the token of a session for the changes that follow. */
export function begun(session: Session): Session {
  setCsrfToken(session.csrf_token)
  return session
}
