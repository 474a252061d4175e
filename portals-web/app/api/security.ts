import { queryOptions } from '@tanstack/react-query'

import type { AuthenticatorSetUp, Session } from './__generated__/schema'
import { api, unwrap } from './client'
import { begun } from './queries'

/** The own account: address, second factors. */
export const accountQuery = queryOptions({
  queryKey: ['account', 'me'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/me', { signal })),
})

export const sessionsQuery = queryOptions({
  queryKey: ['account', 'sessions'],
  queryFn: async ({ signal }) => (await unwrap(api.GET('/api/v1/sessions', { signal }))).items,
})

export const ownSignInsQuery = queryOptions({
  queryKey: ['account', 'sign-ins'],
  queryFn: async ({ signal }) => (await unwrap(api.GET('/api/v1/me/sign-ins', { signal }))).items,
})

/** Confirms that the user still sits here. */
export async function confirmIdentity(password: string, code: string): Promise<Session> {
  const body = { password, ...(code ? { code } : {}) }
  return begun(await unwrap(api.POST('/api/v1/session/confirmation', { body })))
}

/** What an authenticator app needs; it counts once a code of it was sent. */
export async function setUpAuthenticator(): Promise<AuthenticatorSetUp> {
  return unwrap(api.POST('/api/v1/me/totp'))
}

/** Gives the recovery codes. */
export async function confirmAuthenticator(code: string): Promise<string[]> {
  const answer = await unwrap(api.POST('/api/v1/me/totp/confirmation', { body: { code } }))
  return answer.recovery_codes
}

export async function removeAuthenticator(): Promise<void> {
  await unwrap(api.DELETE('/api/v1/me/totp'))
}

/** New recovery codes; earlier ones are void. */
export async function drawRecoveryCodes(): Promise<string[]> {
  return (await unwrap(api.POST('/api/v1/me/recovery-codes'))).recovery_codes
}

export async function revokeSession(id: string): Promise<void> {
  await unwrap(api.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } }))
}

/** Asks for the mail that proves another address. */
export async function changeEmail(email: string): Promise<void> {
  await unwrap(api.PUT('/api/v1/me/email', { body: { email } }))
}
