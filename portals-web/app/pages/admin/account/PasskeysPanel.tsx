import { useMutation, useQuery } from '@tanstack/react-query'
import { Pencil, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Passkey } from '~/api/__generated__/schema'
import {
  addPasskey,
  CAN_PASSKEY,
  passkeysQuery,
  removePasskey,
  renamePasskey,
} from '~/api/passkeys'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { ErrorNotice } from '~/components/ErrorNotice'
import { FormFailure } from '~/components/FormFailure'
import { useFormat } from '~/hooks/use-format'
import { useSmallForm } from '~/hooks/use-small-form'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { Field, Input } from '~/ui/lib/Field'
import { FormDialog } from '~/ui/lib/FormDialog'
import { IconButton } from '~/ui/lib/IconButton'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { Skeleton } from '~/ui/lib/Skeleton'

import type { FactorPanelProps } from './AuthenticatorPanel'

type Open = { what: 'add' } | { what: 'rename' | 'remove'; passkey: Passkey }

/** The devices that sign in by themselves. */
export function PasskeysPanel({ onChanged }: FactorPanelProps) {
  const { t } = useTranslation('account')
  const { data, error, refetch } = useQuery(passkeysQuery)
  const [open, setOpen] = useState<Open | null>(null)
  const close = () => setOpen(null)
  const done = async (said: string, codes: readonly string[] = []) => {
    close()
    toast(said)
    await onChanged(codes)
  }
  return (
    <Panel title={t('passkey.title')} padded={false}>
      <div className="flex flex-col items-start gap-3 p-4">
        <p className="text-ink-2">{t('passkey.lead')}</p>
        {CAN_PASSKEY ? (
          <Button onClick={() => setOpen({ what: 'add' })}>{t('passkey.add')}</Button>
        ) : (
          <p className="text-ink-3">{t('passkey.cannot')}</p>
        )}
      </div>
      {error && !data ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : null}
      {!data && !error ? <Skeleton className="m-4 h-16" /> : null}
      {data && data.length > 0 ? <Table passkeys={data} onOpen={setOpen} /> : null}
      {open?.what === 'add' ? (
        <NameDialog
          title={t('passkey.addTitle')}
          lead={t('passkey.addLead')}
          name=""
          submit={t('passkey.create')}
          busy={t('passkey.creating')}
          onClose={close}
          onSend={async (name) => {
            const { recovery_codes } = await addPasskey(name)
            await done(t('passkey.added', { name }), recovery_codes)
          }}
        />
      ) : null}
      {open?.what === 'rename' ? (
        <NameDialog
          title={t('passkey.renameTitle')}
          name={open.passkey.name}
          submit={t('passkey.save')}
          busy={t('passkey.saving')}
          onClose={close}
          onSend={async (name) => {
            await renamePasskey(open.passkey.id, name)
            await done(t('passkey.renamed', { name }))
          }}
        />
      ) : null}
      {open?.what === 'remove' ? (
        <RemoveDialog
          passkey={open.passkey}
          onClose={close}
          onDone={() => done(t('passkey.removed', { name: open.passkey.name }))}
        />
      ) : null}
    </Panel>
  )
}

interface TableProps {
  passkeys: readonly Passkey[]
  onOpen: (open: Open) => void
}

function Table({ passkeys, onOpen }: TableProps) {
  const { t } = useTranslation('account')
  const format = useFormat()
  return (
    <PlainTable
      label={t('passkey.title')}
      rows={passkeys}
      rowKey={({ id }) => String(id)}
      columns={[
        { id: 'name', header: t('passkey.name'), cell: ({ name }) => name },
        {
          id: 'created',
          header: `${t('passkey.created')} ${format.zoneName}`,
          cell: ({ created_at }) => format.dateTime(created_at),
        },
        {
          id: 'used',
          header: t('passkey.used'),
          cell: ({ last_used_at }) =>
            last_used_at ? format.dateTime(last_used_at) : t('passkey.never'),
        },
        {
          id: 'actions',
          header: '',
          align: 'end',
          cell: (passkey) => (
            <>
              <IconButton
                icon={Pencil}
                size="small"
                label={t('passkey.renameNamed', { name: passkey.name })}
                onClick={() => onOpen({ what: 'rename', passkey })}
              />
              <IconButton
                icon={Trash2}
                size="small"
                label={t('passkey.removeNamed', { name: passkey.name })}
                onClick={() => onOpen({ what: 'remove', passkey })}
              />
            </>
          ),
        },
      ]}
    />
  )
}

interface NameDialogProps {
  title: string
  lead?: string
  name: string
  submit: string
  busy: string
  onSend: (name: string) => Promise<void>
  onClose: () => void
}

function NameDialog({ title, lead, name, submit, busy, onSend, onClose }: NameDialogProps) {
  const { t } = useTranslation(['account', 'common'])
  const form = useSmallForm({
    initial: { name },
    required: ['name'],
    send: ({ name: next }) => onSend(next.trim()),
  })
  return (
    <FormDialog
      title={title}
      closeLabel={t('common:close')}
      cancel={t('common:cancel')}
      submit={form.isBusy ? busy : submit}
      isBusy={form.isBusy}
      width="narrow"
      onSubmit={form.submit}
      onClose={onClose}
    >
      {lead ? <p className="text-ink-2">{lead}</p> : null}
      <FormFailure error={form.error} />
      <Field label={t('passkey.name')} help={t('passkey.nameHelp')} error={form.faults.name}>
        {(control) => (
          <Input {...control} {...form.bind('name')} maxLength={100} autoComplete="off" />
        )}
      </Field>
    </FormDialog>
  )
}

interface RemoveDialogProps {
  passkey: Passkey
  onDone: () => Promise<void>
  onClose: () => void
}

function RemoveDialog({ passkey: { id, name }, onDone, onClose }: RemoveDialogProps) {
  const { t } = useTranslation('account')
  const removal = useMutation({ mutationFn: () => removePasskey(id), onSuccess: onDone })
  return (
    <ConfirmDialog
      title={t('passkey.removeTitle', { name })}
      confirm={t('passkey.remove')}
      isDanger
      isBusy={removal.isPending}
      error={removal.error}
      onConfirm={() => removal.mutate()}
      onClose={onClose}
    >
      <p>{t('passkey.removeBody')}</p>
    </ConfirmDialog>
  )
}
