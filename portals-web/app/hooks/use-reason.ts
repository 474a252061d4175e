import { useTranslation } from 'react-i18next'

import { common } from '~/i18n/en/common'

type KnownReason = keyof typeof common.reason

/** A release reason in words. One that is newer than this console is shown by its own name. */
export function useReason(): (reason: string) => string {
  const { t } = useTranslation()
  return (reason) => (isKnown(reason) ? t(`reason.${reason}`) : reason.replaceAll('_', ' '))
}

function isKnown(reason: string): reason is KnownReason {
  return Object.hasOwn(common.reason, reason)
}
