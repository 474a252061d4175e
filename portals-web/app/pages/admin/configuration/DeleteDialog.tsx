import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { deleteResource, type Kind, type Resource } from '~/api/resources'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { toast } from '~/stores/toasts'
import { pb } from '~/util/path-builder'

export interface DeleteDialogProps {
  kind: Kind
  resource: Resource
  onClose: () => void
}

/** Asks, deletes, and says who names it when it must stay. */
export function DeleteDialog({ kind, resource, onClose }: DeleteDialogProps) {
  const { t } = useTranslation('configuration')
  const client = useQueryClient()
  const router = useRouter()
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
      error={removal.error}
      onConfirm={() => removal.mutate()}
      onClose={onClose}
    >
      <p>{t('remove.body')}</p>
    </ConfirmDialog>
  )
}
