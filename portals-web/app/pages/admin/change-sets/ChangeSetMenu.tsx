import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { ChangeSet } from '~/api/__generated__/schema'
import { discardChangeSet } from '~/api/change-sets'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { ChangeSetForm } from '~/forms/change-set-form'
import { usePermission } from '~/hooks/use-permission'
import { toast } from '~/stores/toasts'
import { useWorkingSet, workingSet } from '~/stores/working-set'
import { Button } from '~/ui/lib/Button'
import { pb } from '~/util/path-builder'

/** What can be done with an open change set as a whole, besides pushing it. */
export function ChangeSetMenu({ changeSet }: { changeSet: ChangeSet }) {
  const { t } = useTranslation('changeSets')
  const canWrite = usePermission('change_set.write')
  const isWorkedOn = useWorkingSet() === changeSet.id
  const [open, setOpen] = useState<'edit' | 'discard' | null>(null)
  const isOpen = changeSet.state === 'draft' || changeSet.state === 'failed'
  if (!canWrite || !isOpen) return null
  const toggle = () => {
    workingSet.set(isWorkedOn ? null : changeSet.id)
    if (!isWorkedOn) toast(t('work.begun', { name: changeSet.name }))
  }
  return (
    <>
      <Button aria-pressed={isWorkedOn} title={t('work.help')} onClick={toggle}>
        {isWorkedOn ? t('work.end') : t('work.begin')}
      </Button>
      <Button onClick={() => setOpen('edit')}>{t('edit.button')}</Button>
      <Button variant="danger" onClick={() => setOpen('discard')}>
        {t('discard.button')}
      </Button>
      {open === 'edit' ? (
        <ChangeSetForm
          changeSet={changeSet}
          onClose={() => setOpen(null)}
          onDone={() => {
            setOpen(null)
            toast(t('edit.saved'))
          }}
        />
      ) : null}
      {open === 'discard' ? (
        <DiscardDialog changeSet={changeSet} onClose={() => setOpen(null)} />
      ) : null}
    </>
  )
}

function DiscardDialog({ changeSet, onClose }: { changeSet: ChangeSet; onClose: () => void }) {
  const { t } = useTranslation('changeSets')
  const client = useQueryClient()
  const router = useRouter()
  const discard = useMutation({
    mutationFn: () => discardChangeSet(changeSet.id),
    onSuccess: async () => {
      if (workingSet.get() === changeSet.id) workingSet.set(null)
      toast(t('discard.done', { name: changeSet.name }))
      await router.navigate({ ...pb.changeSets(), replace: true })
      await client.invalidateQueries({ queryKey: ['change-sets', 'page'] })
    },
  })
  return (
    <ConfirmDialog
      title={t('discard.title', { name: changeSet.name })}
      confirm={discard.isPending ? t('discard.busy') : t('discard.button')}
      isDanger
      isBusy={discard.isPending}
      error={discard.error}
      onConfirm={() => discard.mutate()}
      onClose={onClose}
    >
      <p>{t('discard.body', { count: changeSet.drafts })}</p>
    </ConfirmDialog>
  )
}
