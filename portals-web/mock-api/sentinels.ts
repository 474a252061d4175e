/**
 * Names that make the mock fail on purpose, so that a person can see each failure, too.
 * Every user signs in with the password `demo`.
 */

/** Users whose session behaves in a special way. Any other name is an ordinary administrator. */
export const PERSONAS = {
  /** Signs in with a second factor. */
  guarded: 'guarded',
  /** A new installation: no calls, no records. */
  empty: 'empty',
  /** The live stream is refused. */
  offline: 'offline',
  /** The live stream opens and stays silent. */
  quiet: 'quiet',
  /** Too many failed sign-ins. */
  locked: 'locked',
  /** Somebody who may look and not change. */
  viewer: 'viewer',
  /** Those whose names begin so are asked for their password before careless acts. */
  careful: 'careful',
  /** Those whose names begin so must set a second factor up first. */
  enrolling: 'enrolling',
  /** Signing in ends in an error of the switch. */
  broken: 'broken',
} as const

export const PASSWORD = 'demo'
/** What every authenticator app shows. */
export const SECOND_FACTOR_CODE = '123456'

/** As customer in the filter of the call records: the answer is an error. */
export const FAILING_CUSTOMER = 'error'
/** As customer in the filter of the call records: the answer takes two seconds. */
export const SLOW_CUSTOMER = 'slow'
/** Called numbers for the route explanation. */
export const UNROUTABLE_PREFIX = '000'
export const FAILING_PREFIX = '999'

/** As name of a notification target: a test does not arrive. */
export const BROKEN_TARGET = 'broken-hook'

/** As name of a resource: saving it is an error of the switch. */
export const FAILING_RESOURCE = 'error'

/** As the proof in a link: any other that is 64 hexadecimal digits is good. */
export const STALE_TOKEN = '0'.repeat(64)
/** As the proof of an invitation: the address has become a user's meanwhile. */
export const TAKEN_TOKEN = '1'.repeat(64)
