import { useMutation, useQueryClient } from '@tanstack/react-query'
import { UserRoundCog } from 'lucide-react'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'

import type { Session } from '~/api/__generated__/schema'
import { endVisit } from '~/api/people'
import { sessionQuery } from '~/api/queries'
import { useChangeOfTenant } from '~/hooks/use-change-of-tenant'
import { useNow } from '~/hooks/use-now'
import { Button } from '~/ui/lib/Button'
import { formatDuration } from '~/util/duration'

/** Who visits whom, for how long still, and the way back. Always in sight. */
export default function VisitBanner({ session }: { session: Session }) {
  const { t } = useTranslation('shell')
  const client = useQueryClient()
  const changeTenant = useChangeOfTenant()
  const now = useNow()
  const { visit, tenant, user } = session
  const left = visit ? Date.parse(visit.ends_at) - now : 0
  const isOver = visit !== null && visit !== undefined && left <= 0
  const leave = useMutation({
    mutationFn: endVisit,
    onSuccess: changeTenant,
  })
  useEffect(() => {
    // The switch has ended it: what the session may do now is asked.
    if (isOver) void client.invalidateQueries({ queryKey: sessionQuery.queryKey })
  }, [isOver, client])
  if (!visit) return null
  return (
    <aside
      aria-label={t('visit.label')}
      className="flex min-h-9 shrink-0 flex-wrap items-center gap-2 bg-badge-danger-bg px-4 py-1 text-badge-danger"
    >
      <UserRoundCog aria-hidden size={16} strokeWidth={1.75} />
      <p className="grow">
        {t('visit.who', { user: user.username, home: visit.home, tenant: tenant.name })}{' '}
        <span className="font-medium tabular-nums">
          {t('visit.left', { time: formatDuration(Math.max(0, left)) })}
        </span>
      </p>
      {leave.error ? <span role="alert">{t('visit.failed')}</span> : null}
      <Button size="toolbar" disabled={leave.isPending} onClick={() => leave.mutate()}>
        {t('visit.end')}
      </Button>
    </aside>
  )
}
