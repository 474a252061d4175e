import { useTranslation } from 'react-i18next'

import { ApiError, errorCode } from '~/api/errors'

/** What an error is called and what to do about it. */
export function useErrorText(): (error: unknown) => { title: string; advice: string } {
  const { t } = useTranslation('errors')
  return (error) => {
    const code = errorCode(error)
    const wait = error instanceof ApiError ? error.problem.retry_after_seconds : null
    return {
      title: t(`${code}.title`),
      advice:
        code === 'slow-down' && wait ? t('slow-down.wait', { count: wait }) : t(`${code}.advice`),
    }
  }
}
