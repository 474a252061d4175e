import { queryOptions } from '@tanstack/react-query'

import type { RegisteredPasskey, Session } from './__generated__/schema'
import { api, unwrap } from './client'
import { begun } from './queries'

/** Whether this browser can hold passkeys, in the form that the switch speaks. */
export const CAN_PASSKEY =
  typeof PublicKeyCredential !== 'undefined' &&
  'parseRequestOptionsFromJSON' in PublicKeyCredential &&
  'parseCreationOptionsFromJSON' in PublicKeyCredential

export const passkeysQuery = queryOptions({
  queryKey: ['account', 'passkeys'],
  queryFn: async ({ signal }) => (await unwrap(api.GET('/api/v1/me/passkeys', { signal }))).items,
})

/** Signs in by a passkey: it says who the user is and is both factors at once. */
export async function signInByPasskey(remember: boolean): Promise<Session> {
  const ceremony = await unwrap(api.POST('/api/v1/session/passkey/options'))
  const { publicKey } = ceremony.options as { publicKey: PublicKeyCredentialRequestOptionsJSON }
  const found = await navigator.credentials.get({
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey),
  })
  const body = { ceremony_token: ceremony.ceremony_token, credential: asJson(found), remember }
  return begun(await unwrap(api.POST('/api/v1/session/passkey', { body })))
}

/** Makes a passkey on this device, or on one that the browser reaches. */
export async function addPasskey(name: string): Promise<RegisteredPasskey> {
  const ceremony = await unwrap(api.POST('/api/v1/me/passkeys/options'))
  const { publicKey } = ceremony.options as { publicKey: PublicKeyCredentialCreationOptionsJSON }
  const made = await navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey),
  })
  const body = { ceremony_token: ceremony.ceremony_token, credential: asJson(made), name }
  return unwrap(api.POST('/api/v1/me/passkeys', { body }))
}

export async function renamePasskey(id: number, name: string): Promise<void> {
  const params = { path: { id } }
  await unwrap(api.PUT('/api/v1/me/passkeys/{id}', { params, body: { name } }))
}

export async function removePasskey(id: number): Promise<void> {
  await unwrap(api.DELETE('/api/v1/me/passkeys/{id}', { params: { path: { id } } }))
}

function asJson(credential: Credential | null): Record<string, unknown> {
  if (!(credential instanceof PublicKeyCredential)) {
    throw new DOMException('The browser gave no passkey', 'NotAllowedError')
  }
  return credential.toJSON() as Record<string, unknown>
}
