import { useTranslation } from 'react-i18next'

import { Field, Input } from '~/ui/lib/Field'

import type { ResourceForm } from './use-resource-form'

const NAME_CHARS_MAX = 64
const NOTE_CHARS_MAX = 2_000

export interface FormPartProps {
  form: ResourceForm
}

/** What every resource has beside its spec. */
export function MetaFields({ form }: FormPartProps) {
  const { t } = useTranslation(['configuration', 'fields'])
  const { draft, faults, edit, specForm } = form
  return (
    <div className="grid gap-x-6 gap-y-5 xl:grid-cols-2">
      <Field label={t('form.name')} help={t('form.nameHelp')} error={faults.get('name')}>
        {(frame) => (
          <Input
            {...frame}
            data-field="name"
            value={draft.name}
            readOnly={specForm.isReadOnly}
            maxLength={NAME_CHARS_MAX}
            autoComplete="off"
            onChange={(event) => edit({ name: event.target.value })}
          />
        )}
      </Field>
      <Field
        label={t('form.externalId')}
        mark={t('fields:optional')}
        help={t('form.externalIdHelp')}
        error={faults.get('external_id')}
      >
        {(frame) => (
          <Input
            {...frame}
            data-field="external_id"
            value={draft.externalId}
            readOnly={specForm.isReadOnly}
            autoComplete="off"
            onChange={(event) => edit({ externalId: event.target.value })}
          />
        )}
      </Field>
    </div>
  )
}

/** Why it is changed; asked for once something is. */
export function NoteField({ form }: FormPartProps) {
  const { t } = useTranslation(['configuration', 'fields'])
  return (
    <Field
      label={t('form.note')}
      mark={t('fields:optional')}
      help={t('form.noteHelp')}
      error={form.faults.get('note')}
    >
      {(frame) => (
        <Input
          {...frame}
          data-field="note"
          value={form.draft.note}
          maxLength={NOTE_CHARS_MAX}
          autoComplete="off"
          onChange={(event) => form.edit({ note: event.target.value })}
        />
      )}
    </Field>
  )
}
