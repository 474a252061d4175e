import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type BulkChange, bulkEdit, type Kind } from '~/api/resources'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { SpecFormContext } from '~/forms/spec/context'
import { SpecField } from '~/forms/spec/SpecFields'
import { useFieldWords } from '~/hooks/use-field-words'
import { useFormat } from '~/hooks/use-format'
import { toast } from '~/stores/toasts'
import { Checkbox, Field, Select } from '~/ui/lib/Field'
import { type JsonObject, setAt } from '~/util/json-path'
import { faultsOf } from '~/util/schema-check'
import { fieldsOf } from '~/util/schema'

export interface BulkDialogProps {
  kind: Kind
  target: BulkChange['target']
  count: number
  onClose: () => void
  onDone: () => void
}

/** One field, for all of them. */
export function BulkEditDialog({ kind, target, count, onClose, onDone }: BulkDialogProps) {
  const { t } = useTranslation(['configuration', 'fields'])
  const words = useFieldWords()
  const format = useFormat()
  const [name, setName] = useState('')
  const [spec, setSpec] = useState<JsonObject>({})
  const [isCleared, setCleared] = useState(false)
  const edit = useBulk(kind, onDone)
  const fields = fieldsOf(kind.schema)
  const field = fields.find((each) => each.name === name)
  const value = isCleared ? null : spec[name]
  const faults = faultsOf(spec, {
    ...kind.schema,
    required: [],
    properties: field ? { [name]: field.schema } : {},
  })
  const isReady = field !== undefined && value !== undefined && (isCleared || faults.length === 0)
  return (
    <ConfirmDialog
      title={t('bulk.title', { count, formatted: format.count(count) })}
      confirm={edit.isPending ? t('bulk.applying') : t('bulk.apply')}
      isBusy={edit.isPending || !isReady}
      error={edit.error}
      onConfirm={() => edit.mutate({ target, change: { spec: { [name]: value ?? null } } })}
      onClose={onClose}
    >
      <Field label={t('bulk.field')}>
        {(frame) => (
          <Select
            {...frame}
            value={name}
            onChange={(event) => {
              setName(event.target.value)
              setSpec({})
              setCleared(false)
            }}
          >
            <option value="">{t('bulk.chooseField')}</option>
            {fields.map((each) => (
              <option key={each.name} value={each.name}>
                {words.field(each.name)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {field ? (
        <>
          {isCleared ? null : (
            <SpecFormContext
              value={{
                spec,
                set: (path, next) => setSpec((before) => setAt(before, path, next)),
                errorOf: (path) => {
                  const fault = faults.find((each) => each.field === path)
                  return fault && t(`fields:fault.${fault.code}`, { bound: fault.bound })
                },
                errorsWithin: () => [],
                isReadOnly: false,
                deck: null,
                setDeck: () => undefined,
                deckAddress: undefined,
              }}
            >
              <SpecField key={name} field={field} path={name} />
            </SpecFormContext>
          )}
          {field.isRequired ? null : (
            <label className="flex cursor-pointer items-center gap-2">
              <Checkbox
                checked={isCleared}
                onChange={(event) => setCleared(event.target.checked)}
              />
              {t('bulk.clear')}
            </label>
          )}
        </>
      ) : null}
    </ConfirmDialog>
  )
}

export function BulkDeleteDialog({ kind, target, count, onClose, onDone }: BulkDialogProps) {
  const { t } = useTranslation('configuration')
  const format = useFormat()
  const removal = useBulk(kind, onDone)
  return (
    <ConfirmDialog
      title={t('bulk.deleteTitle', { count, formatted: format.count(count) })}
      confirm={removal.isPending ? t('remove.busy') : t('bulk.delete')}
      isDanger
      isBusy={removal.isPending}
      error={removal.error}
      onConfirm={() => removal.mutate({ target, change: { delete: true } })}
      onClose={onClose}
    >
      <p>{t('bulk.deleteBody')}</p>
    </ConfirmDialog>
  )
}

function useBulk(kind: Kind, onDone: () => void) {
  const { t } = useTranslation('configuration')
  const format = useFormat()
  const client = useQueryClient()
  return useMutation({
    mutationFn: (edit: BulkChange) => bulkEdit(kind.plural, edit),
    onSuccess: async ({ changes }) => {
      const count = changes.filter(({ action }) => action !== 'unchanged').length
      toast(t('bulk.done', { count, formatted: format.count(count) }))
      onDone()
      await client.invalidateQueries({ queryKey: ['resources'] })
    },
  })
}
