import { TriangleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { ApiError, UnreachableError } from '~/api/errors'
import { ErrorNotice } from '~/components/ErrorNotice'
import { Button } from '~/ui/lib/Button'

export interface CrashPageProps {
  error: unknown
  reset: () => void
}

/** Instead of a page that threw. An error of the API keeps its own words. */
export function CrashPage({ error, reset }: CrashPageProps) {
  const { t } = useTranslation('shell')
  if (error instanceof ApiError || error instanceof UnreachableError) {
    return <ErrorNotice error={error} onRetry={reset} />
  }
  return (
    <div
      role="alert"
      className="flex h-full flex-col items-center justify-center gap-1 px-6 py-16 text-center"
    >
      <TriangleAlert aria-hidden size={24} strokeWidth={1.75} className="mb-2 text-danger" />
      <h1 className="text-page font-semibold">{t('crash.title')}</h1>
      <p className="max-w-120 text-ink-2">{t('crash.lead')}</p>
      <p className="mt-1 font-mono text-meta text-ink-3">
        {error instanceof Error ? error.message : String(error)}
      </p>
      <Button variant="primary" className="mt-4" onClick={() => window.location.reload()}>
        {t('crash.reload')}
      </Button>
    </div>
  )
}
