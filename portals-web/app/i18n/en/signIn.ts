export const signIn = {
  title: 'Sign in',
  lead: 'Sign in to the operator’s console',
  username: 'User name',
  password: 'Password',
  show: 'Show the password',
  hide: 'Hide the password',
  submit: 'Sign in',
  busy: 'Signing in…',
  required: 'Fill in this field.',
}
