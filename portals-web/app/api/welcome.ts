import { queryOptions } from '@tanstack/react-query'

import type { RegistrationRequest, Session } from './__generated__/schema'
import { api, unwrap } from './client'
import { begun } from './queries'

/** Whether strangers may ask for an account, and as what. */
export const registrationOfferQuery = queryOptions({
  queryKey: ['registration-offer'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/registration-offer', { signal })),
  staleTime: 60_000,
})

/** Comes by an invitation; the session has begun. */
export async function acceptInvitation(body: {
  token: string
  full_name: string
  password: string
}): Promise<Session> {
  return begun(await unwrap(api.POST('/api/v1/invitations/acceptance', { body })))
}

/** Asks for an account. The answer comes by mail. */
export async function register(body: RegistrationRequest): Promise<void> {
  await unwrap(api.POST('/api/v1/registrations', { body }))
}

export async function verifyRegistration(token: string, password: string): Promise<void> {
  await unwrap(api.POST('/api/v1/registrations/verification', { body: { token, password } }))
}

export async function verifyEmail(token: string): Promise<void> {
  await unwrap(api.POST('/api/v1/email-verifications', { body: { token } }))
}

/** Whether the address is somebody's is told to nobody. */
export async function requestPasswordReset(email: string): Promise<void> {
  await unwrap(api.POST('/api/v1/password-resets', { body: { email } }))
}

export async function completePasswordReset(token: string, new_password: string): Promise<void> {
  await unwrap(api.POST('/api/v1/password-resets/completion', { body: { token, new_password } }))
}
