import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { invite } from '~/api/people'
import { namesQuery } from '~/api/resources'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useRoleName } from '~/hooks/use-role-name'
import { useSmallForm } from '~/hooks/use-small-form'
import { toast } from '~/stores/toasts'
import { Field, Input, Select } from '~/ui/lib/Field'
import { FormDialog } from '~/ui/lib/FormDialog'
import { Segmented } from '~/ui/lib/Segmented'
import { isEmail } from '~/util/email'
import { ACCOUNT_ROLES, STAFF_ROLES } from '~/util/roles'

type Belongs = 'staff' | 'customer' | 'carrier'

const PLURALS = { customer: 'customers', carrier: 'carriers' } as const

/** Invites somebody by mail: to the own team, or to the portal of a customer or carrier. */
export function InvitationForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(['people', 'common'])
  const client = useQueryClient()
  const roleName = useRoleName()
  const [belongs, setBelongs] = useState<Belongs>('staff')
  const custom = useQuery(namesQuery('roles', '', 200))
  const accounts = useQuery({
    ...namesQuery(belongs === 'staff' ? 'customers' : PLURALS[belongs], '', 200),
    enabled: belongs !== 'staff',
  })
  const roles = belongs === 'staff' ? STAFF_ROLES : ACCOUNT_ROLES[belongs]
  const form = useSmallForm({
    initial: { email: '', full_name: '', account: '', role: '' },
    required: belongs === 'staff' ? ['email', 'role'] : ['email', 'account', 'role'],
    check: ({ email }) => (isEmail(email) ? {} : { email: t('noEmail') }),
    send: async ({ email, full_name, account, role }) => {
      const place = belongs === 'staff' ? {} : { [belongs]: account }
      await invite({ email: email.trim(), full_name: full_name.trim(), role, ...place })
      toast(t('invite.done', { email: email.trim() }))
      await client.invalidateQueries({ queryKey: ['people', 'invitations'] })
      onClose()
    },
  })
  return (
    <FormDialog
      title={t('invite.title')}
      closeLabel={t('common:close')}
      cancel={t('common:cancel')}
      submit={form.isBusy ? t('invite.busy') : t('invite.submit')}
      isBusy={form.isBusy}
      width="narrow"
      onSubmit={form.submit}
      onClose={onClose}
    >
      {form.error ? <ProblemNotice error={form.error} /> : null}
      <Segmented<Belongs>
        label={t('invite.belongs')}
        value={belongs}
        options={(['staff', 'customer', 'carrier'] as const).map((value) => ({
          value,
          label: t(`invite.${value}`),
        }))}
        onChange={(next) => {
          setBelongs(next)
          form.set('role', '')
          form.set('account', '')
        }}
      />
      {belongs === 'staff' ? null : (
        <Field label={t(`invite.${belongs}`)} error={form.faults.account}>
          {(control) => (
            <Select {...control} {...form.bind('account')}>
              <option value="">{t('choose')}</option>
              {(accounts.data ?? []).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          )}
        </Field>
      )}
      <Field label={t('email')} error={form.faults.email}>
        {(control) => <Input {...control} {...form.bind('email')} type="email" maxLength={254} />}
      </Field>
      <Field label={t('fullName')} mark={t('optional')} error={form.faults.full_name}>
        {(control) => <Input {...control} {...form.bind('full_name')} maxLength={100} />}
      </Field>
      <Field label={t('role')} error={form.faults.role}>
        {(control) => (
          <Select {...control} {...form.bind('role')}>
            <option value="">{t('choose')}</option>
            {[...roles, ...(custom.data ?? [])].map((name) => (
              <option key={name} value={name}>
                {roleName(name)}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </FormDialog>
  )
}
