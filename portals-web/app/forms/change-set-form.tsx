import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import type { ChangeSet } from '~/api/__generated__/schema'
import { createChangeSet, describeChangeSet } from '~/api/change-sets'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useSmallForm } from '~/hooks/use-small-form'
import { Field, Input, TextArea } from '~/ui/lib/Field'
import { FormDialog } from '~/ui/lib/FormDialog'

const NAME_CHARS_MAX = 200
const NOTE_CHARS_MAX = 2_000

export interface ChangeSetFormProps {
  /** Null for a new one. */
  changeSet: ChangeSet | null
  onDone: (changeSet: ChangeSet) => void
  onClose: () => void
}

/** What a change set is called, and why it is made. */
export function ChangeSetForm({ changeSet, onDone, onClose }: ChangeSetFormProps) {
  const { t } = useTranslation(['changeSets', 'common'])
  const client = useQueryClient()
  const form = useSmallForm({
    initial: { name: changeSet?.name ?? '', note: changeSet?.note ?? '' },
    required: ['name'],
    send: async (values) => {
      const [name, note] = [values.name.trim(), values.note.trim()]
      const next = changeSet
        ? await describeChangeSet(changeSet, name, note || null)
        : await createChangeSet(name, note)
      await client.invalidateQueries({ queryKey: ['change-sets'] })
      onDone(next)
    },
  })
  const idle = changeSet ? t('edit.save') : t('create')
  const busy = changeSet ? t('edit.saving') : t('creating')
  return (
    <FormDialog
      title={changeSet ? t('edit.title') : t('new')}
      closeLabel={t('common:close')}
      cancel={t('common:cancel')}
      submit={form.isBusy ? busy : idle}
      isBusy={form.isBusy}
      width="narrow"
      onSubmit={form.submit}
      onClose={onClose}
    >
      {form.error ? <ProblemNotice error={form.error} /> : null}
      <Field label={t('name')} help={t('nameHelp')} error={form.faults.name}>
        {(control) => (
          <Input
            {...control}
            {...form.bind('name')}
            maxLength={NAME_CHARS_MAX}
            autoComplete="off"
          />
        )}
      </Field>
      <Field label={t('note')} mark={t('optional')} help={t('noteHelp')} error={form.faults.note}>
        {(control) => (
          <TextArea {...control} {...form.bind('note')} maxLength={NOTE_CHARS_MAX} rows={3} />
        )}
      </Field>
    </FormDialog>
  )
}
