/**
 * The token of the session, which goes with every change: it shows that the change comes from this
 * page and not from another site. It lives in memory only, and comes anew with the session.
 */
let token: string | null = null

export function setCsrfToken(next: string | null): void {
  token = next
}

/** Writes the token into a request that changes something. */
export function sign(request: Request): Request {
  const isSafe = request.method === 'GET' || request.method === 'HEAD'
  if (!isSafe && token !== null) request.headers.set('X-CSRF-Token', token)
  return request
}
