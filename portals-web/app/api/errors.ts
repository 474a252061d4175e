import type { FieldError, Problem } from './__generated__/schema'

/** The API answered with a problem document (RFC 9457), or with something that should be one. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.title)
    this.problem = problem
  }

  get status(): number {
    return this.problem.status
  }

  get fieldErrors(): readonly FieldError[] {
    return this.problem.errors ?? []
  }
}

/** The API could not be reached at all. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

/**
 * Every cause that has words of its own: the last part of a problem's `type`, or what the browser
 * can tell without an answer. The texts are `errors:<code>.title` and `errors:<code>.advice`.
 */
export const ERROR_CODES = [
  'bad-request',
  'confirm-identity',
  'conflict',
  'csrf',
  'forbidden',
  'internal',
  'invalid',
  'not-found',
  'passkey-cancelled',
  'passkey-known',
  'passkey-refused',
  'second-factor-refused',
  'second-factor-required',
  'sign-in-refused',
  'slow-down',
  'stale-token',
  'too-large',
  'unauthenticated',
  'unavailable',
  'unknown',
  'unreachable',
  'version-changed',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** The one place that turns a thrown value into the words that it is told with. */
export function errorCode(error: unknown): ErrorCode {
  if (error instanceof UnreachableError) return 'unreachable'
  if (error instanceof DOMException) return ofBrowser(error)
  if (!(error instanceof ApiError)) return 'unknown'
  const name = error.problem.type.split('/').at(-1)
  return ERROR_CODES.find((code) => code === name) ?? 'unknown'
}

/** The browser's own words when it asks for a passkey. */
function ofBrowser({ name }: DOMException): ErrorCode {
  if (name === 'NotAllowedError' || name === 'AbortError') return 'passkey-cancelled'
  return name === 'InvalidStateError' ? 'passkey-known' : 'unknown'
}

export function isSignedOut(error: unknown): boolean {
  return errorCode(error) === 'unauthenticated'
}

/** Trying again can only help against what passes by itself. */
export function mayPass(error: unknown): boolean {
  return (
    error instanceof UnreachableError ||
    (error instanceof ApiError && (error.status >= 500 || error.status === 429))
  )
}
