import { clsx } from 'clsx'
import { Check, Circle, Eye, EyeOff } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Field, Input } from '~/ui/lib/Field'
import { IconButton } from '~/ui/lib/IconButton'
import { PASSWORD_CHARACTERS_MAX, passwordRules } from '~/util/password'

export interface NewPasswordFieldProps {
  name: string
  value: string
  onChange: (event: { target: { value: string } }) => void
  label?: string
  error?: string | undefined
  /** Name and address: a password must not be made of them. */
  ownWords?: readonly string[]
}

/** A new password, which can be shown, with what is asked of it told while it is typed. */
export function NewPasswordField(props: NewPasswordFieldProps) {
  const { name, value, onChange, label, error, ownWords = [] } = props
  const { t } = useTranslation('welcome')
  const [isShown, setShown] = useState(false)
  return (
    <div className="flex flex-col gap-2">
      <Field label={label ?? t('password.label')} error={error}>
        {(control) => (
          <span className="relative">
            <Input
              {...control}
              name={name}
              value={value}
              onChange={onChange}
              type={isShown ? 'text' : 'password'}
              autoComplete="new-password"
              maxLength={PASSWORD_CHARACTERS_MAX}
              className="pe-10"
            />
            <IconButton
              icon={isShown ? EyeOff : Eye}
              label={isShown ? t('password.hide') : t('password.show')}
              className="absolute end-0.5 top-0.5"
              onClick={() => setShown(!isShown)}
            />
          </span>
        )}
      </Field>
      <ul aria-label={t('password.rules')} className="flex flex-col gap-1 text-meta">
        {passwordRules(value, ownWords).map(({ id, isMet }) => {
          const Icon = isMet ? Check : Circle
          return (
            <li
              key={id}
              className={clsx('flex items-center gap-1.5', isMet ? 'text-success' : 'text-ink-3')}
            >
              <Icon aria-hidden size={12} strokeWidth={isMet ? 2.5 : 1.75} className="shrink-0" />
              {t(`password.rule.${id}`)}
              <span className="sr-only">{t(isMet ? 'password.met' : 'password.notMet')}</span>
            </li>
          )
        })}
      </ul>
    </div>
  )
}
