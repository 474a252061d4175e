import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { changeSetQuery } from '~/api/change-sets'
import { draftResource, type Kind, type Resource, type ResourceWrite } from '~/api/resources'
import { toast } from '~/stores/toasts'

/** Puts what a form holds into a change set, and says into which. */
export function useDraftSaving(kind: Kind) {
  const { t } = useTranslation('changeSets')
  const client = useQueryClient()
  return async (
    changeSet: number,
    before: Pick<Resource, 'id' | 'version'> | string | null,
    write: ResourceWrite,
  ): Promise<void> => {
    await draftResource(kind.plural, changeSet, before, write)
    // A first fetch that is under way is not made again by itself: it may not know of the draft.
    await client.cancelQueries({ queryKey: ['change-sets'] })
    await client.invalidateQueries({ queryKey: ['change-sets'] })
    const { name } = await client.fetchQuery(changeSetQuery(changeSet))
    toast(t('record.saved', { name }))
  }
}
