import { useTranslation } from 'react-i18next'

import type { DroppedDays } from '~/api/__generated__/schema'

import { useFormat } from './use-format'

/** Says of which days the records are not kept any more. */
export function useDropped() {
  const { t } = useTranslation('cdrs')
  const { count, dateTime } = useFormat()
  return ({ days, from, to }: DroppedDays) =>
    t('dropped', { formatted: count(days), from: dateTime(from), to: dateTime(to) })
}
