import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Kind, Resource } from '~/api/resources'
import { JsonText } from '~/components/JsonText'
import { useFieldWords } from '~/hooks/use-field-words'
import { Button } from '~/ui/lib/Button'
import { Dialog } from '~/ui/lib/Dialog'

import { conflictsOf, draftOf, merged } from './draft'
import type { ResourceForm } from './use-resource-form'

export interface ConflictDialogProps {
  kind: Kind
  form: ResourceForm
  /** The newest version. */
  theirs: Resource
  /** The form goes on from their version: with my changes, or without. */
  onResolved: (isMerged: boolean) => void
  onClose: () => void
}

/** Somebody saved meanwhile: three columns, and for each field that both changed a choice. */
export function ConflictDialog({ kind, form, theirs, onResolved, onClose }: ConflictDialogProps) {
  const { t } = useTranslation(['configuration', 'common'])
  const words = useFieldWords()
  const [keepTheirs, setKeepTheirs] = useState<ReadonlySet<string>>(new Set())
  const parts = { base: form.base, theirs: draftOf(theirs), mine: form.draft }
  const conflicts = conflictsOf(parts.base, parts.theirs, parts.mine, kind)
  const choose = (field: string, isTheirs: boolean) => {
    const next = new Set(keepTheirs)
    if (isTheirs) next.add(field)
    else next.delete(field)
    setKeepTheirs(next)
  }
  return (
    <Dialog
      title={t('conflict.title')}
      closeLabel={t('common:close')}
      width="wide"
      onClose={onClose}
    >
      <div className="flex flex-col gap-3 overflow-y-auto p-4">
        <p className="text-ink-2">
          {t('conflict.body', { author: theirs.updated_by, version: theirs.version })}
        </p>
        {conflicts.length === 0 ? <p>{t('conflict.none')}</p> : null}
        {conflicts.map(({ field, before, theirs: their, mine }) => (
          <fieldset key={field} className="rounded-control border border-line p-3">
            <legend className="px-1 font-medium">{words.field(field)}</legend>
            <p className="mb-2 text-meta text-ink-3">
              {t('conflict.before')}: <JsonText value={before} />
            </p>
            {[
              { isTheirs: false, label: t('conflict.mine'), value: mine },
              { isTheirs: true, label: t('conflict.theirs'), value: their },
            ].map(({ isTheirs, label, value }) => (
              <label key={label} className="flex cursor-pointer items-baseline gap-2 py-0.5">
                <input
                  type="radio"
                  name={field}
                  className="accent-primary"
                  checked={keepTheirs.has(field) === isTheirs}
                  onChange={() => choose(field, isTheirs)}
                />
                <span className="w-14 shrink-0 text-ink-2">{label}</span>
                <JsonText value={value} />
              </label>
            ))}
          </fieldset>
        ))}
      </div>
      <footer className="flex justify-end gap-2 border-t border-line px-4 py-3">
        <Button
          variant="danger"
          onClick={() => {
            form.restart(parts.theirs)
            onResolved(false)
          }}
        >
          {t('conflict.takeTheirs')}
        </Button>
        <Button
          variant="primary"
          onClick={() => {
            form.restart(parts.theirs, merged(parts, kind, keepTheirs))
            onResolved(true)
          }}
        >
          {t('conflict.merge')}
        </Button>
      </footer>
    </Dialog>
  )
}
