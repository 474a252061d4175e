import { useTranslation } from 'react-i18next'

import { shell } from '~/i18n/en/shell'

type BuiltInRole = keyof typeof shell.user.role

/** The title of a role. One that an operator made is shown by its own name. */
export function useRoleName(): (role: string) => string {
  const { t } = useTranslation('shell')
  return (role) => (isBuiltIn(role) ? t(`user.role.${role}`) : role)
}

function isBuiltIn(role: string): role is BuiltInRole {
  return Object.hasOwn(shell.user.role, role)
}
