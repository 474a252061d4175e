import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { ApiKeyCreate, ApiKeySecretShown } from '~/api/__generated__/schema'
import { createApiKey } from '~/api/access'
import { sessionQuery } from '~/api/queries'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useSmallForm } from '~/hooks/use-small-form'
import { Button } from '~/ui/lib/Button'
import { Checkbox, Field, Input, Select, TextArea } from '~/ui/lib/Field'
import { FormDialog } from '~/ui/lib/FormDialog'
import { linesOf } from '~/util/lines'

const DAY_MS = 86_400_000
const EXPIRIES = ['30', '90', '365', 'never'] as const
type Expiry = (typeof EXPIRIES)[number]

export interface ApiKeyFormProps {
  onDone: (secret: ApiKeySecretShown) => Promise<void>
  onClose: () => void
}

/** A key for a program: what it may do, from where, and until when. */
export function ApiKeyForm({ onDone, onClose }: ApiKeyFormProps) {
  const { t } = useTranslation(['access', 'common'])
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const form = useSmallForm({
    initial: { name: '', permissions: '', expiry: '90' as string, networks: '' },
    required: ['name'],
    check: () => (chosen.size === 0 ? { permissions: t('create.nothing') } : {}),
    send: async ({ name, expiry, networks }) => {
      const days = expiry === 'never' ? null : Number(expiry)
      const body = {
        name: name.trim(),
        permissions: [...chosen],
        networks: linesOf(networks),
        ...(days === null
          ? {}
          : { expires_at: new Date(Date.now() + days * DAY_MS).toISOString() }),
      }
      // The names come from the session, which has them from the switch.
      await onDone(await createApiKey(body as ApiKeyCreate))
    },
  })
  return (
    <FormDialog
      title={t('create.title')}
      closeLabel={t('common:close')}
      cancel={t('common:cancel')}
      submit={form.isBusy ? t('create.busy') : t('create.submit')}
      isBusy={form.isBusy}
      onSubmit={form.submit}
      onClose={onClose}
    >
      {form.error ? <ProblemNotice error={form.error} /> : null}
      <Field label={t('keys.name')} help={t('create.nameHelp')} error={form.faults.name}>
        {(control) => (
          <Input {...control} {...form.bind('name')} maxLength={100} autoComplete="off" />
        )}
      </Field>
      <Permissions
        chosen={chosen}
        fault={form.faults.permissions}
        onChoose={(next) => {
          setChosen(next)
          form.set('permissions', '')
        }}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t('create.expires')} error={form.faults.expiry}>
          {(control) => (
            <Select {...control} {...form.bind('expiry')}>
              {EXPIRIES.map((value: Expiry) => (
                <option key={value} value={value}>
                  {t(`create.expiry.${value}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field
          label={t('create.networks')}
          mark={t('optional')}
          help={t('create.networksHelp')}
          error={form.faults.networks}
        >
          {(control) => (
            <TextArea {...control} {...form.bind('networks')} rows={2} spellCheck={false} />
          )}
        </Field>
      </div>
    </FormDialog>
  )
}

interface PermissionsProps {
  chosen: ReadonlySet<string>
  fault: string | undefined
  onChoose: (chosen: ReadonlySet<string>) => void
}

/** What the user may do, of which the key gets some. */
function Permissions({ chosen, fault, onChoose }: PermissionsProps) {
  const { t } = useTranslation('access')
  const { data } = useQuery(sessionQuery)
  const [typed, setTyped] = useState('')
  const shown = (data?.permissions ?? []).filter((name) =>
    name.includes(typed.trim().toLowerCase()),
  )
  const toggle = (name: string) => {
    const next = new Set(chosen)
    if (!next.delete(name)) next.add(name)
    onChoose(next)
  }
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="pb-1 font-medium">{t('create.permissions')}</legend>
      <div className="flex flex-wrap items-center gap-2">
        <Input
          type="search"
          name="permissions"
          aria-label={t('create.filter')}
          placeholder={t('create.filter')}
          aria-invalid={fault !== undefined}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          className="h-7! w-44! text-body!"
        />
        <Button
          size="toolbar"
          variant="quiet"
          onClick={() => onChoose(new Set([...chosen, ...shown]))}
        >
          {t('create.all')}
        </Button>
        <Button size="toolbar" variant="quiet" onClick={() => onChoose(new Set())}>
          {t('create.none')}
        </Button>
        <span role="status" className="ms-auto text-meta text-ink-3">
          {t('create.chosen', { count: chosen.size })}
        </span>
      </div>
      <div className="grid max-h-44 grid-cols-2 gap-x-4 overflow-y-auto rounded-control border border-line p-2">
        {shown.map((name) => (
          <label key={name} className="flex min-h-6 cursor-pointer items-center gap-2">
            <Checkbox checked={chosen.has(name)} onChange={() => toggle(name)} />
            <span className="truncate font-mono text-meta">{name}</span>
          </label>
        ))}
      </div>
      <p className={fault === undefined ? 'text-meta text-ink-3' : 'text-meta text-danger'}>
        {fault ?? t('create.permissionsHelp')}
      </p>
    </fieldset>
  )
}
