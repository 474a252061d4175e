import { TriangleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { ApiError, errorCode } from '~/api/errors'
import { Button } from '~/ui/lib/Button'

export interface ErrorNoticeProps {
  error: unknown
  onRetry?: (() => void) | undefined
}

/** What went wrong, what to do about it, and what the switch said. */
export function ErrorNotice({ error, onRetry }: ErrorNoticeProps) {
  const { t } = useTranslation(['errors', 'common'])
  const code = errorCode(error)
  const detail = error instanceof ApiError ? error.problem.detail : ''
  const status = error instanceof ApiError ? error.status : null
  return (
    <div role="alert" className="flex flex-col items-center gap-1 px-6 py-12 text-center">
      <TriangleAlert aria-hidden size={20} strokeWidth={1.75} className="mb-2 text-danger" />
      <p className="text-form font-medium">{t(`errors:${code}.title`)}</p>
      <p className="max-w-120 text-body text-ink-2">{t(`errors:${code}.advice`)}</p>
      {detail ? (
        <p className="mt-1 max-w-160 font-mono text-meta text-ink-3">
          {status} {detail}
        </p>
      ) : null}
      {onRetry ? (
        <Button className="mt-3" onClick={onRetry}>
          {t('common:retry')}
        </Button>
      ) : null}
    </div>
  )
}
