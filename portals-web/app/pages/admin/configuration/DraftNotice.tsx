import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import type { DraftDetail } from '~/api/__generated__/schema'
import { changeSetQuery, draftPageQuery } from '~/api/change-sets'
import { useWorkingSet } from '~/stores/working-set'
import { buttonClass } from '~/ui/lib/Button'
import { pb } from '~/util/path-builder'

export interface DraftNoticeProps {
  kind: string
  name: string
  /** The draft that is looked at, of this change set. */
  draft: DraftDetail | null
  changeSet: number | null
}

/** Which of the two one sees: what is in force, or what a change set wants. */
export function DraftNotice({ kind, name, draft, changeSet }: DraftNoticeProps) {
  const worked = useWorkingSet()
  if (changeSet !== null && draft) {
    return <OfDraft kind={kind} name={name} draft={draft} changeSet={changeSet} />
  }
  return worked === null ? null : <OfWorkingSet kind={kind} name={name} changeSet={worked} />
}

const BAR =
  'flex flex-wrap items-center gap-2 border-b border-line bg-badge-info-bg px-5 py-2 text-badge-info'

interface OfDraftProps {
  kind: string
  name: string
  draft: DraftDetail
  changeSet: number
}

function OfDraft({ kind, name, draft, changeSet }: OfDraftProps) {
  const { t } = useTranslation('changeSets')
  const { data } = useQuery(changeSetQuery(changeSet))
  return (
    <div role="status" className={BAR}>
      <p className="grow">
        {t('record.isDraft', { name: data?.name ?? '' })}{' '}
        {draft.is_stale ? t('record.isStale') : null}
      </p>
      {draft.base_version === null ? null : (
        <Link {...pb.resource(kind, name)} className={buttonClass('secondary', 'toolbar')}>
          {t('record.showInForce')}
        </Link>
      )}
      <Link {...pb.changeSet(changeSet)} className={buttonClass('secondary', 'toolbar')}>
        {t('record.open')}
      </Link>
    </div>
  )
}

function OfWorkingSet({ kind, name, changeSet }: Omit<OfDraftProps, 'draft'>) {
  const { t } = useTranslation('changeSets')
  const { data: set } = useQuery(changeSetQuery(changeSet))
  const { data } = useQuery(draftPageQuery(changeSet, undefined, kind))
  const draft = data?.items.find((each) => each.name === name)
  if (!draft || !set) return null
  const isGoing = draft.action === 'deleted'
  return (
    <div role="status" className={BAR}>
      <p className="grow">{t(isGoing ? 'record.wouldDelete' : 'record.has', { name: set.name })}</p>
      {isGoing ? null : (
        <Link
          {...pb.resource(kind, name, { change_set: String(changeSet) })}
          className={buttonClass('secondary', 'toolbar')}
        >
          {t('record.showDraft')}
        </Link>
      )}
      <Link {...pb.changeSet(changeSet)} className={buttonClass('secondary', 'toolbar')}>
        {t('record.open')}
      </Link>
    </div>
  )
}
