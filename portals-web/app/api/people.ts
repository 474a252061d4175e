import { keepPreviousData, queryOptions } from '@tanstack/react-query'

import { withoutUndefined } from '~/util/objects'

import type { InvitationDraft, Session, User, UserChange, UserState } from './__generated__/schema'
import { api, unwrap } from './client'
import { begun } from './queries'

export interface UserFilter {
  search?: string | undefined
  status?: UserState | undefined
}

/** A user as it was seen: a change is of this version. */
export interface SeenUser extends User {
  etag: string
}

export const userPageQuery = (filter: UserFilter, cursor?: string) =>
  queryOptions({
    queryKey: ['people', 'users', filter, cursor ?? null],
    queryFn: ({ signal }) => {
      const query = withoutUndefined({ ...filter, cursor })
      return unwrap(api.GET('/api/v1/users', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })

export const userQuery = (id: number) =>
  queryOptions({
    queryKey: ['people', 'user', id],
    queryFn: async ({ signal }): Promise<SeenUser> => {
      const asked = api.GET('/api/v1/users/{id}', { params: { path: { id } }, signal })
      const user = await unwrap(asked)
      const { response } = await asked
      return { ...user, etag: response.headers.get('ETag') ?? '*' }
    },
  })

export const invitationPageQuery = (cursor?: string) =>
  queryOptions({
    queryKey: ['people', 'invitations', cursor ?? null],
    queryFn: ({ signal }) => {
      const query = withoutUndefined({ cursor })
      return unwrap(api.GET('/api/v1/invitations', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })

export const registrationPageQuery = (cursor?: string) =>
  queryOptions({
    queryKey: ['people', 'registrations', cursor ?? null],
    queryFn: ({ signal }) => {
      const query = withoutUndefined({ cursor })
      return unwrap(api.GET('/api/v1/registrations', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })

export const tenantPageQuery = (kind?: 'operator' | 'customer' | 'carrier', cursor?: string) =>
  queryOptions({
    queryKey: ['people', 'tenants', kind ?? null, cursor ?? null],
    queryFn: ({ signal }) => {
      const query = withoutUndefined({ kind, cursor })
      return unwrap(api.GET('/api/v1/tenants', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })

/** Changes the version that was seen; another one is 412. */
export async function changeUser({ id, etag }: Pick<SeenUser, 'id' | 'etag'>, body: UserChange) {
  const params = { path: { id }, header: { 'If-Match': etag } }
  return unwrap(api.PUT('/api/v1/users/{id}', { params, body }))
}

export async function removeUser(id: number): Promise<void> {
  await unwrap(api.DELETE('/api/v1/users/{id}', { params: { path: { id } } }))
}

/** Sends the link to choose a new password. */
export async function resetUserPassword(id: number): Promise<void> {
  await unwrap(api.POST('/api/v1/users/{id}/password-reset', { params: { path: { id } } }))
}

/** For who lost the phone and the recovery codes. */
export async function removeUserFactors(id: number): Promise<void> {
  await unwrap(api.DELETE('/api/v1/users/{id}/second-factor', { params: { path: { id } } }))
}

export async function signUserOut(id: number): Promise<void> {
  await unwrap(api.DELETE('/api/v1/users/{id}/sessions', { params: { path: { id } } }))
}

export async function invite(body: InvitationDraft): Promise<void> {
  await unwrap(api.POST('/api/v1/invitations', { body }))
}

export async function withdrawInvitation(id: number): Promise<void> {
  await unwrap(api.DELETE('/api/v1/invitations/{id}', { params: { path: { id } } }))
}

/** Gives the account for a customer or carrier that is there. */
export async function approveRegistration(id: number, account: string): Promise<void> {
  const params = { path: { id } }
  await unwrap(api.POST('/api/v1/registrations/{id}/approval', { params, body: { account } }))
}

export async function refuseRegistration(id: number): Promise<void> {
  await unwrap(api.DELETE('/api/v1/registrations/{id}', { params: { path: { id } } }))
}

export async function createOperator(name: string): Promise<void> {
  await unwrap(api.POST('/api/v1/tenants', { body: { name } }))
}

export async function suspendTenant(id: number): Promise<void> {
  await unwrap(api.PUT('/api/v1/tenants/{id}/suspension', { params: { path: { id } } }))
}

export async function resumeTenant(id: number): Promise<void> {
  await unwrap(api.DELETE('/api/v1/tenants/{id}/suspension', { params: { path: { id } } }))
}

/** Enters a tenant; the session acts there from now on. */
export async function beginVisit(id: number, reason: string): Promise<Session> {
  const params = { path: { id } }
  return begun(await unwrap(api.POST('/api/v1/tenants/{id}/visit', { params, body: { reason } })))
}

/** Back to the own tenant. */
export async function endVisit(): Promise<Session> {
  return begun(await unwrap(api.DELETE('/api/v1/session/visit')))
}
