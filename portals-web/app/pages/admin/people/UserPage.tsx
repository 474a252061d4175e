import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ChevronLeft, SearchX } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { errorCode } from '~/api/errors'
import { userQuery } from '~/api/people'
import { ErrorNotice } from '~/components/ErrorNotice'
import { PageHeader } from '~/components/PageHeader'
import { UserForm } from '~/forms/user-form'
import { usePermission } from '~/hooks/use-permission'
import { useTitle } from '~/hooks/use-title'
import { Badge } from '~/ui/lib/Badge'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Panel } from '~/ui/lib/Panel'
import { Skeleton } from '~/ui/lib/Skeleton'
import { pb } from '~/util/path-builder'

import { USER_TONES } from './tones'
import { UserActions } from './UserActions'

export default function UserPage() {
  const { t } = useTranslation('people')
  const { id } = useParams({ from: '/shell/people/users/$id' })
  const { data, error, refetch } = useQuery(userQuery(Number(id)))
  const canWrite = usePermission('user.write')
  useTitle(data?.username ?? id, t('users.title'))
  return (
    <>
      <PageHeader
        title={data?.username ?? id}
        breadcrumb={
          <Link
            {...pb.users()}
            className="-ms-1.5 flex h-8 items-center gap-0.5 rounded-control pe-2 text-ink-2 hover:bg-hover hover:text-ink"
          >
            <ChevronLeft aria-hidden size={16} strokeWidth={1.75} />
            {t('users.title')}
          </Link>
        }
        badges={
          data ? <Badge tone={USER_TONES[data.status]}>{t(`state.${data.status}`)}</Badge> : null
        }
      />
      {data ? (
        <div className="grid max-w-300 items-start gap-4 p-5 xl:grid-cols-2">
          <Panel title={t('user.details')}>
            <UserForm key={data.updated_at} user={data} canWrite={canWrite} />
          </Panel>
          {canWrite ? <UserActions user={data} /> : null}
        </div>
      ) : null}
      {error && !data ? (
        errorCode(error) === 'not-found' || errorCode(error) === 'bad-request' ? (
          <EmptyState icon={SearchX} title={t('user.notFound')}>
            {t('user.notFoundBody')}
          </EmptyState>
        ) : (
          <ErrorNotice error={error} onRetry={() => void refetch()} />
        )
      ) : null}
      {!data && !error ? <Skeleton className="m-5 h-64 max-w-240" /> : null}
    </>
  )
}
