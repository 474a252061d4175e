import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Check, PackageOpen } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { entitlementsQuery, type Resource } from '~/api/resources'
import { ErrorNotice } from '~/components/ErrorNotice'
import { useKindName } from '~/hooks/use-kinds'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { Skeleton } from '~/ui/lib/Skeleton'
import { pb } from '~/util/path-builder'

/** What a customer gets of each kind, and why. */
export function EntitlementsTab({ resource }: { resource: Resource }) {
  const { t } = useTranslation('configuration')
  const kindName = useKindName()
  const { data, error, refetch } = useQuery(entitlementsQuery(resource.id))
  if (error && !data) return <ErrorNotice error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton className="h-40" />
  if (data.items.length === 0)
    return <EmptyState icon={PackageOpen} title={t('entitlements.none')} />
  return (
    <div className="flex flex-col gap-4">
      {data.items.map(({ kind, one_only, items }) => (
        <Panel key={kind} title={kindName(kind)} padded={false}>
          {one_only ? (
            <p className="px-4 pt-2 text-meta text-ink-3">{t('entitlements.one')}</p>
          ) : null}
          <PlainTable
            label={kindName(kind)}
            rows={items}
            rowKey={({ name }) => name}
            isStrong={(item) => one_only && item.is_effective}
            columns={[
              {
                id: 'name',
                header: t('entitlements.name'),
                cell: ({ name }) => (
                  <Link {...pb.resource(kind, name)} className="text-link hover:underline">
                    {name}
                  </Link>
                ),
              },
              {
                id: 'reason',
                header: t('entitlements.reason'),
                cell: ({ level }) => t(`level.${level}`),
              },
              {
                id: 'effective',
                header: t('entitlements.effective'),
                cell: ({ is_effective }) =>
                  is_effective ? (
                    <span className="inline-flex items-center gap-1 text-success">
                      <Check aria-hidden size={14} /> {t('yes')}
                    </span>
                  ) : (
                    <span className="text-ink-3">{t('no')}</span>
                  ),
              },
            ]}
          />
        </Panel>
      ))}
    </div>
  )
}
