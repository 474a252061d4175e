import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { changeSetQuery } from '~/api/change-sets'
import { deleteResource, type Kind, type Resource } from '~/api/resources'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { useChangeSetChoice } from '~/forms/use-change-set-choice'
import { usePermission } from '~/hooks/use-permission'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { pb } from '~/util/path-builder'

export interface DeleteDialogProps {
  kind: Kind
  resource: Resource
  onClose: () => void
}

/** Asks, deletes, and says who names it when it must stay. */
export function DeleteDialog({ kind, resource, onClose }: DeleteDialogProps) {
  const { t } = useTranslation(['configuration', 'changeSets'])
  const client = useQueryClient()
  const router = useRouter()
  const choice = useChangeSetChoice()
  const canDraft = usePermission('change_set.write')
  const draft = useMutation({
    mutationFn: async () => {
      const into = await choice.choose()
      if (into !== null) await deleteResource(kind.plural, resource, into)
      return into
    },
    onSuccess: async (into) => {
      if (into === null) return
      await client.invalidateQueries({ queryKey: ['change-sets'] })
      const { name } = await client.fetchQuery(changeSetQuery(into))
      toast(t('changeSets:record.saved', { name }))
      onClose()
    },
  })
  const removal = useMutation({
    mutationFn: () => deleteResource(kind.plural, resource),
    onSuccess: async () => {
      toast(t('form.deleted', { name: resource.name }))
      await router.navigate({ ...pb.resources(kind.kind), replace: true, ignoreBlocker: true })
      await client.invalidateQueries({ queryKey: ['resources'] })
    },
  })
  return (
    <ConfirmDialog
      title={t('remove.title', { name: resource.name })}
      confirm={removal.isPending ? t('remove.busy') : t('remove.confirm')}
      isDanger
      isBusy={removal.isPending}
      error={removal.error ?? draft.error}
      onConfirm={() => removal.mutate()}
      onClose={onClose}
    >
      <p>{t('remove.body')}</p>
      {canDraft ? (
        <Button
          variant="quiet"
          className="self-start"
          disabled={draft.isPending}
          onClick={() => draft.mutate()}
        >
          {t('changeSets:record.deleteAsDraft')}
        </Button>
      ) : null}
      {choice.dialog}
    </ConfirmDialog>
  )
}
