import { useQuery } from '@tanstack/react-query'
import { CircleCheck, CircleX, RefreshCw } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { ChangeSet, Preview } from '~/api/__generated__/schema'
import { previewQuery } from '~/api/change-sets'
import { ErrorNotice } from '~/components/ErrorNotice'
import { useFieldWords } from '~/hooks/use-field-words'
import { useKindName } from '~/hooks/use-kinds'
import { Button } from '~/ui/lib/Button'
import { Panel } from '~/ui/lib/Panel'
import { Skeleton } from '~/ui/lib/Skeleton'

import { ChangeList } from '../apply/ChangeList'
import { ImpactPanel } from './ImpactPanel'
import { PricesPanel } from './PricesPanel'
import { ReplayPanel } from './ReplayPanel'

/** What a push would do now, reckoned by the switch on its recent traffic. */
export function PreviewTab({ changeSet }: { changeSet: ChangeSet }) {
  const { t } = useTranslation('changeSets')
  const preview = useQuery(previewQuery(changeSet.id, changeSet.revision))
  const { data, error, refetch, isFetching } = preview
  if (error && !data) return <ErrorNotice error={error} onRetry={() => void refetch()} />
  if (!data) {
    return (
      <div role="status" className="flex flex-col gap-4">
        <p className="text-ink-2">{t('preview.loading')}</p>
        <Skeleton className="h-28" />
        <Skeleton className="h-64" />
      </div>
    )
  }
  return (
    <>
      <Verdict preview={data} isBusy={isFetching} onRefresh={() => void refetch()} />
      <PricesPanel prices={data.prices ?? null} />
      <ImpactPanel impact={data.impact ?? null} />
      <ReplayPanel replay={data.replay ?? null} />
      <Panel title={t('preview.changes')} padded={false}>
        {data.changes.length === 0 ? (
          <p className="p-4 text-ink-2">{t('preview.nothing')}</p>
        ) : (
          <ChangeList changes={data.changes} isApplied={false} />
        )}
      </Panel>
    </>
  )
}

interface VerdictProps {
  preview: Preview
  isBusy: boolean
  onRefresh: () => void
}

function Verdict({ preview, isBusy, onRefresh }: VerdictProps) {
  const { problems, prices, snapshot_number } = preview
  const { t } = useTranslation('changeSets')
  const kindName = useKindName()
  const words = useFieldWords()
  const isGood = problems.length === 0
  const isLoss = (prices?.below_cost ?? 0) > 0
  const Icon = isGood && !isLoss ? CircleCheck : CircleX
  return (
    <div
      role="status"
      className={`flex items-start gap-2 rounded-control px-3 py-2 ${
        isGood && !isLoss
          ? 'bg-badge-success-bg text-badge-success'
          : 'bg-badge-danger-bg text-badge-danger'
      }`}
    >
      <Icon aria-hidden size={16} strokeWidth={1.75} className="mt-0.5 shrink-0" />
      <div className="min-w-0 grow">
        <p className="font-medium">
          {isGood
            ? t(isLoss ? 'preview.loss' : 'preview.good')
            : t('preview.problems', { count: problems.length })}
        </p>
        <ul>
          {problems.map((problem) => (
            <li key={JSON.stringify(problem)} className="break-words">
              {problem.kind ? `${kindName(problem.kind, 'one')} ${problem.name ?? ''}: ` : null}
              {problem.field ? `${words.field(problem.field)}: ` : null}
              {problem.message}
            </li>
          ))}
        </ul>
        <p>{t('preview.compared', { number: snapshot_number })}</p>
      </div>
      <Button size="toolbar" disabled={isBusy} onClick={onRefresh}>
        <RefreshCw aria-hidden size={14} strokeWidth={1.75} />
        {t('preview.refresh')}
      </Button>
    </div>
  )
}
