import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { comparisonQuery } from '~/api/resources'
import { DifferenceTable } from '~/components/DifferenceTable'
import { ErrorNotice } from '~/components/ErrorNotice'
import { Panel } from '~/ui/lib/Panel'
import { Skeleton } from '~/ui/lib/Skeleton'

export interface VersionDifferenceProps {
  plural: string
  id: number
  from: number
  to: number
}

/** Two versions side by side, only the fields that differ. */
export function VersionDifference({ plural, id, from, to }: VersionDifferenceProps) {
  const { t } = useTranslation('configuration')
  const { data, error, refetch } = useQuery(comparisonQuery(plural, id, from, to))
  const versionName = (version: number) => t('version', { version })
  return (
    <Panel title={t('history.differences')} padded={false}>
      {error ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : null}
      {!data && !error ? <Skeleton className="m-4 h-16" /> : null}
      {data?.differences.length === 0 ? (
        <p className="p-4 text-ink-2">{t('history.same')}</p>
      ) : null}
      {data && data.differences.length > 0 ? (
        <div className="py-2">
          <DifferenceTable
            label={t('history.differences')}
            beforeLabel={versionName(from)}
            afterLabel={versionName(to)}
            differences={data.differences}
          />
        </div>
      ) : null}
    </Panel>
  )
}
