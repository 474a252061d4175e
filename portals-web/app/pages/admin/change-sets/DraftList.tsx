import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { GitPullRequestDraft } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { ChangeSet, DraftSummary } from '~/api/__generated__/schema'
import { discardDraft, draftPageQuery } from '~/api/change-sets'
import { DifferenceTable } from '~/components/DifferenceTable'
import { ErrorNotice } from '~/components/ErrorNotice'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useKindName } from '~/hooks/use-kinds'
import { usePermission } from '~/hooks/use-permission'
import { toast } from '~/stores/toasts'
import { Badge } from '~/ui/lib/Badge'
import { Button, buttonClass } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Panel } from '~/ui/lib/Panel'
import { Skeleton } from '~/ui/lib/Skeleton'
import { pb } from '~/util/path-builder'
import { inSentence } from '~/util/sentence'

import { ACTION_TONES } from '../apply/ChangeList'

export interface DraftListProps {
  changeSet: ChangeSet
  isOpen: boolean
  cursor: string | undefined
}

/** What it wants of each record, field by field. */
export function DraftList({ changeSet, isOpen, cursor }: DraftListProps) {
  const { t } = useTranslation('changeSets')
  const { data, error, refetch } = useQuery(draftPageQuery(changeSet.id, cursor))
  if (error && !data) return <ErrorNotice error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton className="h-48" />
  if (data.items.length === 0) {
    return (
      <EmptyState
        icon={GitPullRequestDraft}
        title={t('draft.none')}
        action={
          isOpen ? (
            <Link {...pb.configuration()} className={buttonClass('primary')}>
              {t('draft.browse')}
            </Link>
          ) : null
        }
      >
        {t('draft.noneBody')}
      </EmptyState>
    )
  }
  return (
    <Panel title={t('tab.drafts')} padded={false}>
      <ul>
        {data.items.map((draft) => (
          <DraftRow
            key={`${draft.kind} ${draft.name}`}
            draft={draft}
            changeSet={changeSet.id}
            isOpen={isOpen}
          />
        ))}
      </ul>
      {data.next_cursor ? (
        <div className="border-t border-line p-2">
          <Link
            {...pb.changeSet(changeSet.id, { cursor: data.next_cursor })}
            className={buttonClass('quiet', 'toolbar')}
          >
            {t('draft.older')}
          </Link>
        </div>
      ) : null}
    </Panel>
  )
}

interface DraftRowProps {
  draft: DraftSummary
  changeSet: number
  isOpen: boolean
}

function DraftRow({ draft, changeSet, isOpen }: DraftRowProps) {
  const { t } = useTranslation(['changeSets', 'apply'])
  const kindName = useKindName()
  const canWrite = usePermission('change_set.write') && isOpen
  const { kind, name, new_name, action, author, is_stale, note, differences } = draft
  const set = String(changeSet)
  const edit =
    action === 'created'
      ? pb.newResource(kind, { change_set: set, draft: name })
      : pb.resource(kind, name, { change_set: set })
  return (
    <li className="border-b border-line last:border-0">
      <details open>
        <summary className="flex min-h-10 flex-wrap items-center gap-2 px-4 py-1.5 hover:bg-hover">
          <Badge tone={ACTION_TONES[action]}>{t(`apply:action.${action}`)}</Badge>
          <span className="font-medium">{name}</span>
          {new_name === name ? null : (
            <span className="text-ink-2">{t('draft.rename', { name: new_name })}</span>
          )}
          <span className="text-meta text-ink-3">{kindName(kind, 'one')}</span>
          {is_stale && isOpen ? <Badge tone="warning">{t('draft.stale')}</Badge> : null}
          <span className="ms-auto text-meta text-ink-3">{t('draft.by', { author })}</span>
        </summary>
        <div className="pb-3">
          {note ? <p className="px-4 pb-2 text-ink-2">{note}</p> : null}
          {action === 'deleted' ? (
            <p className="px-4 text-ink-2">{t('draft.deletes')}</p>
          ) : differences.length === 0 ? (
            <p className="px-4 text-ink-2">{t('draft.same')}</p>
          ) : (
            <DifferenceTable
              label={t('apply:differences', { kind: inSentence(kindName(kind, 'one')), name })}
              differences={differences}
            />
          )}
          {canWrite ? (
            <div className="flex gap-2 px-3 pt-2">
              {action === 'deleted' ? null : (
                <Link {...edit} className={buttonClass('secondary', 'toolbar')}>
                  {t('draft.edit')}
                </Link>
              )}
              <TakeOut draft={draft} changeSet={changeSet} />
            </div>
          ) : null}
        </div>
      </details>
    </li>
  )
}

function TakeOut({ draft: { kind, name }, changeSet }: Pick<DraftRowProps, 'draft' | 'changeSet'>) {
  const { t } = useTranslation('changeSets')
  const client = useQueryClient()
  const removal = useMutation({
    mutationFn: () => discardDraft(changeSet, kind, name),
    onSuccess: async () => {
      toast(t('draft.removed', { name }))
      await client.invalidateQueries({ queryKey: ['change-sets'] })
    },
  })
  return (
    <>
      <Button
        variant="quiet"
        size="toolbar"
        aria-label={t('draft.removeNamed', { name })}
        disabled={removal.isPending}
        onClick={() => removal.mutate()}
      >
        {t('draft.remove')}
      </Button>
      {removal.error ? <ProblemNotice error={removal.error} /> : null}
    </>
  )
}
