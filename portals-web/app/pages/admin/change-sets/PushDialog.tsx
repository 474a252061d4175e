import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { ChangeSet, Preview } from '~/api/__generated__/schema'
import { describeChangeSet, previewQuery, pushChangeSet } from '~/api/change-sets'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useFormat } from '~/hooks/use-format'
import { useSmallForm } from '~/hooks/use-small-form'
import { toast } from '~/stores/toasts'
import { workingSet } from '~/stores/working-set'
import { Field, Input, TextArea } from '~/ui/lib/Field'
import { FormDialog } from '~/ui/lib/FormDialog'
import { Segmented } from '~/ui/lib/Segmented'
import { fromInputValue, toInputValue } from '~/util/time'

/** From so many customers on a push is confirmed by name. */
const MANY_CUSTOMERS = 100
const HOUR_MS = 3_600_000

type When = 'now' | 'later'

export interface PushDialogProps {
  changeSet: ChangeSet
  onClose: () => void
}

/** The last look before it takes effect: what it touches, why, and when. */
export function PushDialog({ changeSet, onClose }: PushDialogProps) {
  const { t } = useTranslation(['changeSets', 'common'])
  const preview = useQuery(previewQuery(changeSet.id, changeSet.revision))
  const [when, setWhen] = useState<When>('now')
  const { form, format, mustConfirm } = usePush(changeSet, preview.data, when, onClose)
  const idle = when === 'now' ? t('push.pushNow') : t('push.schedule')
  return (
    <FormDialog
      title={t('push.title', { name: changeSet.name })}
      closeLabel={t('common:close')}
      cancel={t('common:cancel')}
      submit={form.isBusy ? t('push.busy') : idle}
      isBusy={form.isBusy}
      isBlocked={preview.isPending || (preview.data?.problems.length ?? 0) > 0}
      onSubmit={form.submit}
      onClose={onClose}
    >
      {preview.data ? (
        <Summary preview={preview.data} />
      ) : preview.error ? (
        <ProblemNotice error={preview.error} />
      ) : (
        <p role="status" className="text-ink-2">
          {t('push.checking')}
        </p>
      )}
      {form.error ? <ProblemNotice error={form.error} /> : null}
      <Segmented<When>
        label={t('push.when')}
        value={when}
        options={[
          { value: 'now', label: t('push.now') },
          { value: 'later', label: t('push.later') },
        ]}
        onChange={setWhen}
      />
      {when === 'later' ? (
        <Field
          label={t('push.at')}
          help={t('push.atHelp', { zone: format.zoneName })}
          error={form.faults.at}
        >
          {(control) => <Input {...control} {...form.bind('at')} type="datetime-local" />}
        </Field>
      ) : null}
      <Field label={t('note')} mark={t('optional')} help={t('noteHelp')} error={form.faults.note}>
        {(control) => <TextArea {...control} {...form.bind('note')} maxLength={2_000} rows={2} />}
      </Field>
      {mustConfirm ? (
        <Field
          label={t('push.confirm', { name: changeSet.name })}
          help={t('push.confirmHelp')}
          error={form.faults.confirmation}
        >
          {(control) => <Input {...control} {...form.bind('confirmation')} autoComplete="off" />}
        </Field>
      ) : null}
    </FormDialog>
  )
}

function usePush(
  changeSet: ChangeSet,
  preview: Preview | undefined,
  when: When,
  onClose: () => void,
) {
  const { t } = useTranslation('changeSets')
  const client = useQueryClient()
  const format = useFormat()
  const impact = preview?.impact
  const mustConfirm =
    (impact?.live_calls ?? 0) > 0 || (impact?.customers.count ?? 0) > MANY_CUSTOMERS
  const [inAnHour] = useState(() => new Date(Date.now() + HOUR_MS).toISOString())
  const form = useSmallForm({
    initial: {
      at: toInputValue(inAnHour, format.zone),
      note: changeSet.note ?? '',
      confirmation: '',
    },
    check: ({ at, confirmation }) => {
      const moment = fromInputValue(at, format.zone)
      const isPast = moment === null || Date.parse(moment) <= Date.now()
      return {
        ...(when === 'later' && isPast ? { at: t('push.atPast') } : {}),
        ...(mustConfirm && confirmation.trim() !== changeSet.name
          ? { confirmation: t('push.confirm', { name: changeSet.name }) }
          : {}),
      }
    },
    send: async ({ at, note }) => {
      const text = note.trim()
      const isOther = text !== (changeSet.note ?? '')
      // What is pushed is what was looked at, with another note at most.
      const described = isOther
        ? await describeChangeSet(changeSet, changeSet.name, text || null)
        : changeSet
      const moment = when === 'later' ? fromInputValue(at, format.zone) : null
      const { name } = changeSet
      try {
        const pushed = await pushChangeSet(described, moment ?? undefined)
        if (workingSet.get() === pushed.id) workingSet.set(null)
        toast(
          moment
            ? t('push.scheduled', { name, at: format.dateTime(moment), zone: format.zoneName })
            : t('push.done', { name }),
        )
        onClose()
      } finally {
        // Also what failed has changed: its state says why.
        await client.invalidateQueries({ queryKey: ['change-sets'] })
        await client.invalidateQueries({ queryKey: ['resources'] })
      }
    },
  })
  return { form, format, mustConfirm }
}

function Summary({ preview }: { preview: Preview }) {
  const { t } = useTranslation('changeSets')
  const format = useFormat()
  const { problems, impact } = preview
  const said = (key: 'changes' | 'customers' | 'calls', count: number) =>
    t(`push.${key}`, { count, formatted: format.count(count) })
  const changed = preview.changes.filter(({ action }) => action !== 'unchanged').length
  if (problems.length > 0) {
    return (
      <div role="alert" className="rounded-control bg-badge-danger-bg px-3 py-2 text-badge-danger">
        <p className="font-medium">{t('preview.problems', { count: problems.length })}</p>
        <ul>
          {problems.slice(0, 10).map((problem) => (
            <li key={JSON.stringify(problem)} className="break-words">
              {[problem.kind, problem.name, problem.field].filter(Boolean).join(' ')}:{' '}
              {problem.message}
            </li>
          ))}
        </ul>
      </div>
    )
  }
  return (
    <p className="text-ink-2">
      {t('push.summary', {
        changes: said('changes', changed),
        customers: said('customers', impact?.customers.count ?? 0),
        calls: said('calls', impact?.live_calls ?? 0),
      })}
    </p>
  )
}
