import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { GitPullRequestDraft } from 'lucide-react'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'

import { changeSetQuery } from '~/api/change-sets'
import { errorCode } from '~/api/errors'
import { workingSet } from '~/stores/working-set'
import { pb } from '~/util/path-builder'

/** The change set that drafts go into, with the way to it. */
export default function WorkingSetChip({ id }: { id: number }) {
  const { t } = useTranslation('shell')
  const { data, error } = useQuery(changeSetQuery(id))
  const isOver =
    errorCode(error) === 'not-found' ||
    (data !== undefined && data.state !== 'draft' && data.state !== 'failed')
  useEffect(() => {
    if (isOver) workingSet.set(null)
  }, [isOver])
  if (!data || isOver) return null
  return (
    <Link
      {...pb.changeSet(id)}
      aria-label={t('workingSet', { name: data.name, count: data.drafts })}
      className="flex h-7 max-w-56 items-center gap-1.5 rounded-full bg-badge-primary-bg px-2.5 text-meta font-medium text-badge-primary hover:underline"
    >
      <GitPullRequestDraft aria-hidden size={14} strokeWidth={1.75} className="shrink-0" />
      <span className="truncate">{data.name}</span>
      <span className="tabular-nums">{data.drafts}</span>
    </Link>
  )
}
