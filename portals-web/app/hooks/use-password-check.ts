import { useTranslation } from 'react-i18next'

import { passwordRules } from '~/util/password'

/** Tells at the field when a new password does not meet what can be told here. */
export function usePasswordCheck() {
  const { t } = useTranslation('welcome')
  return <Name extends string>(
    name: Name,
    password: string,
    ownWords: readonly string[] = [],
  ): Partial<Record<Name, string>> => {
    const isGood = passwordRules(password, ownWords).every(({ isMet }) => isMet)
    return (isGood ? {} : { [name]: t('password.notYet') }) as Partial<Record<Name, string>>
  }
}
