import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import type { UserState } from '~/api/__generated__/schema'
import { changeUser, type SeenUser } from '~/api/people'
import { namesQuery } from '~/api/resources'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useRoleName } from '~/hooks/use-role-name'
import { useSmallForm } from '~/hooks/use-small-form'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { Field, Input, Select, TextArea } from '~/ui/lib/Field'
import { STAFF_ROLES } from '~/util/roles'
import { linesOf } from '~/util/lines'

export interface UserFormProps {
  user: SeenUser
  canWrite: boolean
}

/** What can be changed of a user. */
export function UserForm({ user, canWrite }: UserFormProps) {
  const { t } = useTranslation('people')
  const client = useQueryClient()
  const roleName = useRoleName()
  const custom = useQuery(namesQuery('roles', '', 200))
  const roles = [...new Set([...STAFF_ROLES, ...(custom.data ?? []), user.role])]
  const form = useSmallForm({
    initial: {
      full_name: user.full_name,
      role: user.role,
      status: user.status as string,
      allowed_networks: user.allowed_networks.join('\n'),
    },
    send: async ({ full_name, role, status, allowed_networks }) => {
      const next = await changeUser(user, {
        full_name: full_name.trim(),
        role,
        status: status as UserState,
        allowed_networks: linesOf(allowed_networks),
      })
      toast(t('user.saved', { name: next.username }))
      await client.invalidateQueries({ queryKey: ['people'] })
    },
  })
  return (
    <form noValidate onSubmit={form.submit} className="flex flex-col gap-4">
      {form.error ? <ProblemNotice error={form.error} /> : null}
      <Field label={t('fullName')} error={form.faults.full_name}>
        {(control) => (
          <Input
            {...control}
            {...form.bind('full_name')}
            maxLength={100}
            readOnly={!canWrite}
            autoComplete="off"
          />
        )}
      </Field>
      <Field label={t('role')} help={t('user.roleHelp')} error={form.faults.role}>
        {(control) => (
          <Select {...control} {...form.bind('role')} disabled={!canWrite}>
            {roles.map((name) => (
              <option key={name} value={name}>
                {roleName(name)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label={t('users.status')} help={t('user.statusHelp')} error={form.faults.status}>
        {(control) => (
          <Select {...control} {...form.bind('status')} disabled={!canWrite}>
            {(['active', 'suspended'] as const).map((value) => (
              <option key={value} value={value}>
                {t(`state.${value}`)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field
        label={t('networks')}
        mark={t('optional')}
        help={t('networksHelp')}
        error={form.faults.allowed_networks}
      >
        {(control) => (
          <TextArea
            {...control}
            {...form.bind('allowed_networks')}
            readOnly={!canWrite}
            rows={2}
            spellCheck={false}
          />
        )}
      </Field>
      {canWrite ? (
        <Button
          type="submit"
          variant="primary"
          size="form"
          disabled={form.isBusy}
          className="self-start"
        >
          {form.isBusy ? t('user.saving') : t('user.save')}
        </Button>
      ) : null}
    </form>
  )
}
