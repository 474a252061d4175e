import { useTranslation } from 'react-i18next'

import type { account } from '~/i18n/en/account'

type Method = keyof typeof account.method
type Outcome = keyof typeof account.outcome

const METHODS: ReadonlySet<string> = new Set([
  'password',
  'totp',
  'recovery_code',
  'passkey',
  'visit',
])
const OUTCOMES: ReadonlySet<string> = new Set([
  'signed_in',
  'wrong_password',
  'wrong_second_factor',
  'wrong_passkey',
  'not_active',
  'tenant_shut',
  'network',
])

/** By what somebody signed in. One that is newer than this console is shown by its own name. */
export function useMethodName(): (method: string) => string {
  const { t } = useTranslation('account')
  return (method) => (METHODS.has(method) ? t(`method.${method as Method}`) : method)
}

/** What became of it, likewise. */
export function useOutcomeName(): (outcome: string) => string {
  const { t } = useTranslation('account')
  return (outcome) => (OUTCOMES.has(outcome) ? t(`outcome.${outcome as Outcome}`) : outcome)
}
