import { useTranslation } from 'react-i18next'

import { EmailForm } from '~/forms/email-form'
import { PasswordForm } from '~/forms/password-form'
import { Panel } from '~/ui/lib/Panel'

import { AccountTabs } from './AccountTabs'

/** Who the user is, and the password. */
export default function AccountPage() {
  const { t } = useTranslation('account')
  return (
    <>
      <AccountTabs active="profile" />
      <div className="flex max-w-160 flex-col gap-4 p-5">
        <Panel title={t('email.title')}>
          <EmailForm />
        </Panel>
        <Panel title={t('password.title')}>
          <PasswordForm />
        </Panel>
      </div>
    </>
  )
}
