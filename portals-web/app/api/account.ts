import type { PasswordChange, Session } from './__generated__/schema'
import { api, unwrap } from './client'
import { begun } from './queries'

/** Changes one's own password. All sessions end; the answer is the one that begins. */
export async function changePassword(change: PasswordChange): Promise<Session> {
  return begun(await unwrap(api.PUT('/api/v1/me/password', { body: change })))
}

/** Ends all sessions of the user, this one too. */
export async function signOutEverywhere(): Promise<void> {
  await unwrap(api.DELETE('/api/v1/sessions'))
}
