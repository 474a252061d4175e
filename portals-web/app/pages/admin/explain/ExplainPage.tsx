import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Waypoints } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { type ExplainQuestion, explainQuery } from '~/api/queries'
import { ErrorNotice } from '~/components/ErrorNotice'
import { PageHeader } from '~/components/PageHeader'
import { ExplainForm } from '~/forms/explain-form'
import { useTitle } from '~/hooks/use-title'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Panel } from '~/ui/lib/Panel'
import { Skeleton } from '~/ui/lib/Skeleton'
import type { ExplainSearch } from '~/util/searches'

import { CustomerRate } from './CustomerRate'
import { DecisionSteps } from './DecisionSteps'
import { RouteList } from './RouteList'
import { Verdict } from './Verdict'

export default function ExplainPage() {
  const { t } = useTranslation(['explain', 'common'])
  useTitle(t('title'))
  const search = useSearch({ from: '/shell/explain' })
  const navigate = useNavigate({ from: '/explain' })
  const question = questionOf(search)
  return (
    <>
      <PageHeader title={t('title')} />
      <div className="grid items-start gap-5 p-5 lg:grid-cols-[280px_1fr]">
        <aside className="flex flex-col gap-4 lg:sticky lg:top-5">
          <p className="text-ink-2">{t('lead')}</p>
          {/* A link with other values starts the form anew. */}
          <ExplainForm
            key={JSON.stringify(search)}
            search={search}
            onSubmit={(next) => void navigate({ search: next })}
          />
        </aside>
        {question ? (
          <Answer question={question} />
        ) : (
          <EmptyState icon={Waypoints} title={t('empty')}>
            {t('emptyBody')}
          </EmptyState>
        )}
      </div>
    </>
  )
}

function Answer({ question }: { question: ExplainQuestion }) {
  const { t } = useTranslation(['explain', 'common'])
  // The answer is of this moment: limits and the snapshot change.
  const { data, error, refetch } = useQuery({ ...explainQuery(question), staleTime: 0 })
  if (error) return <ErrorNotice error={error} onRetry={() => void refetch()} />
  if (!data) {
    return (
      <div
        role="status"
        aria-label={t('common:loading')}
        className="flex animate-[appear_0s_150ms_both] flex-col gap-4"
      >
        <Skeleton className="h-16" />
        <Skeleton className="h-48" />
        <Skeleton className="h-40" />
      </div>
    )
  }
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <Verdict explanation={data} onAgain={() => void refetch()} />
      <Panel title={t('routes')} padded={false}>
        <RouteList routes={data.routes} />
      </Panel>
      <div className="grid items-start gap-4 xl:grid-cols-[3fr_2fr]">
        <Panel title={t('steps')}>
          <DecisionSteps steps={data.steps} />
        </Panel>
        <Panel title={t('rate')}>
          <CustomerRate explanation={data} />
        </Panel>
      </div>
    </div>
  )
}

/** A question can be asked when both numbers and one of the callers are there. */
function questionOf({ from, to, customer, source }: ExplainSearch): ExplainQuestion | null {
  if (!from || !to) return null
  if (customer) return { from, to, customer }
  return source ? { from, to, source } : null
}
