import { randomBytes } from 'node:crypto'

import type {
  Account,
  Confirmation,
  Passkey,
  PasskeyRegistration,
  PasskeySignIn,
  SessionEntry,
  SignInEntry,
} from '~/api/__generated__/schema'

import { type Answer, type Call, iso } from './call.ts'
import { Refusal } from './refusal.ts'
import { PASSWORD, PERSONAS, SECOND_FACTOR_CODE } from './sentinels.ts'

const HOUR_MS = 3_600_000
const CEREMONY = 'c'.repeat(64)
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0'

interface Own {
  hasApp: boolean
  codesLeft: number
  passkeys: (Passkey & { credential: string })[]
  sessions: SessionEntry[]
  /** Whether it was confirmed lately that the user sits here. */
  isConfirmed: boolean
}

/** What users have besides their passwords. */
export class Security {
  readonly #own = new Map<string, Own>()

  /** Signing in by a passkey needs no session; null for any other path. */
  async answerOpen(call: Pick<Call, 'method' | 'path' | 'json'>): Promise<Answer | null> {
    const path = call.path.join('/')
    if (path === 'session/passkey/options') {
      const publicKey = { challenge: challenge(), rpId: 'localhost', userVerification: 'required' }
      return { status: 200, body: { ceremony_token: CEREMONY, options: { publicKey } } }
    }
    if (path !== 'session/passkey') return null
    const { credential } = await call.json<PasskeySignIn>()
    for (const [user, { passkeys }] of this.#own) {
      const found = passkeys.find((each) => each.credential === credential['id'])
      if (!found) continue
      found.last_used_at = iso(Date.now())
      return { status: 200, signIn: user }
    }
    throw new Refusal(401, 'passkey-refused', 'There is no such passkey.')
  }

  /** Answers what is about the own account; null for any other path. */
  async answer(call: Call): Promise<Answer | null> {
    const own = this.#of(call.user)
    const { method, path } = call
    if (path.join('/') === 'session/confirmation') {
      const { password } = await call.json<Confirmation>()
      if (password !== PASSWORD) throw new Refusal(401, 'sign-in-refused', 'Wrong password.')
      own.isConfirmed = true
      return { status: 200, signIn: call.user }
    }
    if (path[0] === 'sessions') return this.#sessions(own, method, path[1])
    if (path[0] !== 'me') return null
    switch (`${method} ${path.slice(1, 3).join('/')}`) {
      case 'GET ':
        return { status: 200, body: accountOf(call.user, own) }
      case 'PUT email':
        return { status: 202 }
      case 'GET sign-ins':
        return { status: 200, body: { items: signIns(call.user) } }
      case 'POST totp':
        this.mustConfirm(call.user)
        return { status: 200, body: setUp(call.user) }
      case 'POST totp/confirmation':
        return this.#confirmApp(own, (await call.json<{ code: string }>()).code)
      case 'DELETE totp':
        own.hasApp = false
        return { status: 204 }
      case 'POST recovery-codes':
        own.codesLeft = 10
        return { status: 200, body: { recovery_codes: codes() } }
      default:
        return path[1] === 'passkeys' ? this.#passkeys(own, call) : null
    }
  }

  /** Some users are asked for their password before what must not be done carelessly. */
  mustConfirm(user: string): void {
    if (!user.startsWith(PERSONAS.careful) || this.#of(user).isConfirmed) return
    throw new Refusal(403, 'confirm-identity', 'Confirm your identity first.')
  }

  #of(user: string): Own {
    const found = this.#own.get(user) ?? {
      hasApp: false,
      codesLeft: 0,
      passkeys: [],
      sessions: sessions(),
      isConfirmed: false,
    }
    this.#own.set(user, found)
    return found
  }

  #confirmApp(own: Own, code: string): Answer {
    if (code !== SECOND_FACTOR_CODE) {
      throw new Refusal(401, 'second-factor-refused', 'The code is wrong.')
    }
    const isFirst = !own.hasApp && own.passkeys.length === 0
    own.hasApp = true
    own.codesLeft = 10
    return { status: 200, body: { recovery_codes: isFirst ? codes() : [] } }
  }

  #sessions(own: Own, method: string, id: string | undefined): Answer | null {
    if (method === 'GET') return { status: 200, body: { items: own.sessions } }
    if (id === undefined) return null
    own.sessions = own.sessions.filter((each) => each.id !== id)
    return { status: 204 }
  }

  async #passkeys(own: Own, call: Call): Promise<Answer> {
    const id = call.path[2]
    if (call.method === 'GET') return { status: 200, body: { items: own.passkeys } }
    if (id === 'options') {
      this.mustConfirm(call.user)
      const publicKey = creation(call.user)
      return { status: 200, body: { ceremony_token: CEREMONY, options: { publicKey } } }
    }
    if (id === undefined) {
      const { name, credential } = await call.json<PasskeyRegistration>()
      const isFirst = !own.hasApp && own.passkeys.length === 0
      const passkey = {
        id: own.passkeys.length + 1,
        name,
        domain: 'localhost',
        created_at: iso(Date.now()),
        last_used_at: null,
        credential: String(credential['id']),
      }
      own.passkeys.push(passkey)
      own.codesLeft = isFirst ? 10 : own.codesLeft
      return { status: 201, body: { id: passkey.id, recovery_codes: isFirst ? codes() : [] } }
    }
    const found = own.passkeys.find((each) => String(each.id) === id)
    if (!found) throw new Refusal(404, 'not-found', 'There is no such passkey.')
    if (call.method === 'PUT') found.name = (await call.json<{ name: string }>()).name
    else own.passkeys = own.passkeys.filter((each) => each !== found)
    return { status: 204 }
  }
}

function accountOf(user: string, own: Own): Account {
  const factors = [
    ...(own.hasApp ? ['totp'] : []),
    ...(own.passkeys.length > 0 ? ['passkey'] : []),
    ...(own.codesLeft > 0 ? ['recovery_code'] : []),
  ]
  return {
    username: user,
    full_name: 'Nadia Hassan',
    email: `${user}@example.org`,
    email_verified: true,
    second_factors: factors,
    recovery_codes_left: own.codesLeft,
  }
}

function challenge(): string {
  return randomBytes(32).toString('base64url')
}

function creation(user: string) {
  return {
    challenge: challenge(),
    rp: { id: 'localhost', name: 'DIDTron' },
    user: { id: Buffer.from(user).toString('base64url'), name: user, displayName: user },
    pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  }
}

function setUp(user: string) {
  const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
  const uri = `otpauth://totp/DIDTron:${encodeURIComponent(user)}?secret=${secret}&issuer=DIDTron`
  return { secret, uri }
}

function codes(): string[] {
  return Array.from({ length: 10 }, () => {
    const text = randomBytes(5).toString('hex')
    return `${text.slice(0, 5)}-${text.slice(5)}`
  })
}

function sessions(): SessionEntry[] {
  const now = Date.now()
  const entry = (id: string, current: boolean, user_agent: string): SessionEntry => ({
    id: id.repeat(32),
    current,
    user_agent,
    address: current ? '127.0.0.1' : '192.0.2.17',
    created_at: iso(now - HOUR_MS),
    last_used_at: iso(now - (current ? 0 : HOUR_MS / 2)),
    expires_at: iso(now + 11 * HOUR_MS),
    method: current ? 'password' : 'passkey',
    remembered: !current,
    visiting: false,
  })
  return [
    entry('a', true, 'Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0 Safari/537.36'),
    entry('b', false, AGENT),
  ]
}

function signIns(username: string): SignInEntry[] {
  const now = Date.now()
  return ['signed_in', 'wrong_password', 'signed_in'].map((outcome, index) => ({
    at: iso(now - index * HOUR_MS),
    outcome,
    method: 'password',
    address: index === 1 ? '198.51.100.9' : '127.0.0.1',
    new_device: index === 2,
    user_agent: AGENT,
    user_id: 1,
    username,
  }))
}
