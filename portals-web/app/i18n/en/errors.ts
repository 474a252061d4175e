/** One entry for each code of `api/errors.ts`. The advice says what to do. */
export const errors = {
  'bad-request': {
    title: 'The request is not valid',
    advice: 'Check the values in the address or the form.',
  },
  'confirm-identity': {
    title: 'It was not confirmed that it is you',
    advice: 'Do it again and give your password when you are asked.',
  },
  conflict: {
    title: 'It does not fit to what there is',
    advice: 'Look at the reasons, change what they name, and try again.',
  },
  csrf: {
    title: 'This page is out of date',
    advice: 'Reload the page and try again.',
  },
  forbidden: {
    title: 'Your role does not allow this',
    advice: 'Ask somebody who may give you the permission.',
  },
  internal: {
    title: 'The switch had an error',
    advice: 'Try again. The switch’s log has the cause.',
  },
  invalid: {
    title: 'Some fields are wrong',
    advice: 'Correct the marked fields.',
  },
  'not-found': {
    title: 'Not found',
    advice: 'It may have been removed, or the address is incomplete.',
  },
  'passkey-cancelled': {
    title: 'No passkey was given',
    advice: 'The browser’s question was closed, or took too long. Try again.',
  },
  'passkey-known': {
    title: 'This device has a passkey of yours already',
    advice: 'Use it, or take another device.',
  },
  'passkey-refused': {
    title: 'This passkey is not accepted',
    advice: 'It may have been removed. Sign in with your password.',
  },
  'second-factor-refused': {
    title: 'This code is wrong',
    advice: 'Write the code that the app shows now, or one of your recovery codes.',
  },
  'second-factor-required': {
    title: 'Set up a second factor first',
    advice: 'Your role asks for it. Your account’s security page is where you do it.',
  },
  'sign-in-refused': {
    title: 'The user name or the password is wrong',
    advice: 'Check both and try again.',
  },
  'slow-down': {
    title: 'Too many tries in a row',
    advice: 'Wait a moment before the next try.',
    wait_one: 'Wait {{count}} second before the next try.',
    wait_other: 'Wait {{count}} seconds before the next try.',
  },
  'stale-token': {
    title: 'This is no longer good',
    advice: 'It took too long, or was used before. Begin again.',
  },
  'too-large': {
    title: 'That is too much at once',
    advice: 'Split it into smaller parts.',
  },
  unauthenticated: {
    title: 'You are signed out',
    advice: 'Sign in to go on.',
  },
  unavailable: {
    title: 'The switch cannot do this now',
    advice: 'Try again in a moment.',
  },
  unknown: {
    title: 'Something went wrong',
    advice: 'Try again. If it stays, reload the page.',
  },
  'version-changed': {
    title: 'Somebody else changed it meanwhile',
    advice: 'Look at the newest version and change it again.',
  },
  unreachable: {
    title: 'The switch cannot be reached',
    advice: 'Check the network. The page tries again by itself.',
  },
}
