import type {
  InvitationAcceptance,
  PasswordResetCompletion,
  RegistrationOffer,
  RegistrationVerification,
} from '~/api/__generated__/schema'

import type { Answer, Call } from './call.ts'
import { Refusal } from './refusal.ts'
import { STALE_TOKEN, TAKEN_TOKEN } from './sentinels.ts'

const OFFER: RegistrationOffer = {
  registration: 'approval',
  categories: [
    { name: 'Retail', description: 'Small offices: a few channels, premium routes.' },
    { name: 'Wholesale', description: 'Carriers and call centres: many channels, by price.' },
  ],
}

const ACCEPTED: Answer = { status: 202 }
const DONE: Answer = { status: 204 }

/** What needs no session; null for any other path. */
export async function answerWelcome(call: Pick<Call, 'method' | 'path' | 'json'>) {
  switch (`${call.method} ${call.path.join('/')}`) {
    case 'GET registration-offer':
      return { status: 200, body: OFFER }
    case 'POST registrations':
    case 'POST password-resets':
      return ACCEPTED
    case 'POST invitations/acceptance': {
      const { token, password } = await call.json<InvitationAcceptance>()
      checkToken(token)
      checkPassword('password', password)
      return { status: 200, signIn: `invited-${token.slice(0, 8)}` }
    }
    case 'POST registrations/verification': {
      const { token, password } = await call.json<RegistrationVerification>()
      checkToken(token)
      checkPassword('password', password)
      return ACCEPTED
    }
    case 'POST email-verifications':
      checkToken((await call.json<{ token: string }>()).token)
      return DONE
    case 'POST password-resets/completion': {
      const { token, new_password } = await call.json<PasswordResetCompletion>()
      checkToken(token)
      checkPassword('new_password', new_password)
      return DONE
    }
    default:
      return null
  }
}

function checkToken(token: string): void {
  if (token === STALE_TOKEN) {
    throw new Refusal(401, 'stale-token', 'This was used before, or has expired.')
  }
  if (token === TAKEN_TOKEN) {
    throw new Refusal(409, 'conflict', 'There is a user with this address.')
  }
}

export function checkPassword(field: string, password: string): void {
  if (!/^password/i.test(password)) return
  const message = 'this is one of the passwords that are tried first'
  throw new Refusal(422, 'invalid', message, { errors: [{ field, message }] })
}
