import { expect, test } from 'vitest'

import { ApiError, errorCode, isSignedOut, mayPass, UnreachableError } from './errors'

const problem = (status: number, type: string) =>
  new ApiError({ type, title: 'title', status, detail: 'detail' })

test('a problem is known by the last part of its type', () => {
  expect(errorCode(problem(429, '/problems/slow-down'))).toBe('slow-down')
  expect(errorCode(problem(404, '/problems/not-found'))).toBe('not-found')
})

test('what is not known still has words', () => {
  expect(errorCode(problem(418, '/problems/teapot'))).toBe('unknown')
  expect(errorCode(new Error('boom'))).toBe('unknown')
  expect(errorCode(new UnreachableError('no network'))).toBe('unreachable')
})

test('a refused password is not a session that ended', () => {
  expect(isSignedOut(problem(401, '/problems/sign-in-refused'))).toBe(false)
  expect(isSignedOut(problem(401, '/problems/unauthenticated'))).toBe(true)
})

test('only what passes by itself is tried again', () => {
  expect(mayPass(new UnreachableError('no network'))).toBe(true)
  expect(mayPass(problem(503, '/problems/unavailable'))).toBe(true)
  expect(mayPass(problem(400, '/problems/bad-request'))).toBe(false)
})
