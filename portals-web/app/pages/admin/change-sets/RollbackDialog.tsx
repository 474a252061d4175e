import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { ChangeSet, LaterChange } from '~/api/__generated__/schema'
import { laterChangesQuery, rollBackChangeSet } from '~/api/change-sets'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { useFormat } from '~/hooks/use-format'
import { useKindName } from '~/hooks/use-kinds'
import { toast } from '~/stores/toasts'
import { Checkbox, Field, Input } from '~/ui/lib/Field'
import { pb } from '~/util/path-builder'

type Choice = 'overwrite' | 'skip'

export interface RollbackDialogProps {
  changeSet: ChangeSet
  onClose: () => void
}

/** Takes a push back. What was changed again since is named, and decided about. */
export function RollbackDialog({ changeSet, onClose }: RollbackDialogProps) {
  const { t } = useTranslation('changeSets')
  const client = useQueryClient()
  const router = useRouter()
  const later = useQuery(laterChangesQuery(changeSet.id))
  const [choice, setChoice] = useState<Choice>('skip')
  const [isDraft, setDraft] = useState(false)
  const [note, setNote] = useState('')
  const hasLater = (later.data?.length ?? 0) > 0
  const rollback = useMutation({
    mutationFn: () =>
      rollBackChangeSet(changeSet.id, {
        draft_only: isDraft,
        ...(hasLater ? { later_changes: choice } : {}),
        ...(note.trim() ? { note: note.trim() } : {}),
      }),
    onSuccess: async (made) => {
      toast(isDraft ? t('rollback.drafted') : t('rollback.done', { name: changeSet.name }))
      await client.invalidateQueries({ queryKey: ['change-sets'] })
      await client.invalidateQueries({ queryKey: ['resources'] })
      await router.navigate(pb.changeSet(made.id))
    },
  })
  const idle = isDraft ? t('rollback.confirmDraft') : t('rollback.confirm')
  return (
    <ConfirmDialog
      title={t('rollback.title', { name: changeSet.name })}
      confirm={rollback.isPending ? t('rollback.busy') : idle}
      isDanger={!isDraft}
      isBusy={rollback.isPending || later.isPending}
      error={rollback.error ?? later.error}
      onConfirm={() => rollback.mutate()}
      onClose={onClose}
    >
      <p>{t('rollback.body')}</p>
      {later.isPending ? <p role="status">{t('rollback.loading')}</p> : null}
      {hasLater ? (
        <LaterChanges changes={later.data ?? []} choice={choice} onChoose={setChoice} />
      ) : null}
      <Field label={t('note')} mark={t('optional')}>
        {(control) => (
          <Input
            {...control}
            value={note}
            maxLength={2_000}
            autoComplete="off"
            onChange={(event) => setNote(event.target.value)}
          />
        )}
      </Field>
      <label className="flex min-h-6 cursor-pointer items-center gap-2">
        <Checkbox checked={isDraft} onChange={(event) => setDraft(event.target.checked)} />
        {t('rollback.draftOnly')}
      </label>
    </ConfirmDialog>
  )
}

interface LaterChangesProps {
  changes: readonly LaterChange[]
  choice: Choice
  onChoose: (choice: Choice) => void
}

function LaterChanges({ changes, choice, onChoose }: LaterChangesProps) {
  const { t } = useTranslation('changeSets')
  const kindName = useKindName()
  const format = useFormat()
  return (
    <div className="flex flex-col gap-2 rounded-control bg-badge-warning-bg px-3 py-2 text-badge-warning">
      <p className="font-medium">{t('rollback.later')}</p>
      <ul className="max-h-32 overflow-y-auto">
        {changes.map(({ kind, id, name, version, author, created_at }) => (
          <li key={`${id} ${version}`}>
            {kindName(kind, 'one')} <span className="font-medium">{name}</span>, {author},{' '}
            {format.dateTime(created_at)} {format.zoneName}
          </li>
        ))}
      </ul>
      <fieldset className="flex flex-col">
        <legend className="sr-only">{t('rollback.choice')}</legend>
        {(['skip', 'overwrite'] as const).map((each) => (
          <label key={each} className="flex min-h-6 cursor-pointer items-center gap-2">
            <input
              type="radio"
              name="later"
              className="accent-primary"
              checked={choice === each}
              onChange={() => onChoose(each)}
            />
            {t(`rollback.${each}`)}
          </label>
        ))}
      </fieldset>
    </div>
  )
}
