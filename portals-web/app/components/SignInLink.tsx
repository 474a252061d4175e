import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { buttonClass } from '~/ui/lib/Button'
import { pb } from '~/util/path-builder'

/** Where most ways without a session end. */
export function SignInLink({ variant = 'secondary' }: { variant?: 'primary' | 'secondary' }) {
  const { t } = useTranslation('welcome')
  return (
    <Link {...pb.signIn()} className={buttonClass(variant, 'form')}>
      {t('toSignIn')}
    </Link>
  )
}
