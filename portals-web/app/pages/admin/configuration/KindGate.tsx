import { SearchX } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import type { Kind } from '~/api/kinds'
import { ErrorNotice } from '~/components/ErrorNotice'
import { useKinds } from '~/hooks/use-kinds'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Skeleton } from '~/ui/lib/Skeleton'

export interface KindGateProps {
  /** Its name, from the address. */
  kind: string
  children: (kind: Kind) => ReactNode
}

/** A page about a kind begins when the kind is known. */
export function KindGate({ kind: name, children }: KindGateProps) {
  const { t } = useTranslation(['configuration', 'common'])
  const { data, error, refetch } = useKinds()
  const kind = data?.find((each) => each.kind === name)
  if (kind) return children(kind)
  if (error && !data) return <ErrorNotice error={error} onRetry={() => void refetch()} />
  if (data) {
    return (
      <>
        <h1 className="sr-only">{t('title')}</h1>
        <EmptyState icon={SearchX} title={t('unknownKind', { kind: name })}>
          {t('unknownKindBody')}
        </EmptyState>
      </>
    )
  }
  return (
    <div role="status" aria-label={t('common:loading')} className="p-5">
      <Skeleton className="h-64 max-w-240" />
    </div>
  )
}
