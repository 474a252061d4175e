import { clsx } from 'clsx'
import { CircleCheck, CircleX, RefreshCw } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { Explanation } from '~/api/__generated__/schema'
import { useReason } from '~/hooks/use-reason'
import { Badge } from '~/ui/lib/Badge'
import { IconButton } from '~/ui/lib/IconButton'

export interface VerdictProps {
  explanation: Explanation
  onAgain: () => void
}

/** The answer in one line. */
export function Verdict({ explanation, onAgain }: VerdictProps) {
  const { t } = useTranslation(['explain', 'common'])
  const reason = useReason()
  const { accepted, routes, snapshot_number } = explanation
  const toTry = routes.filter(({ status }) => status !== 'lost')
  const chosen = toTry.find(({ status }) => status === 'chosen') ?? toTry[0]
  const Icon = accepted ? CircleCheck : CircleX
  return (
    <div
      role="status"
      className={clsx(
        'flex items-center gap-3 rounded-panel px-4 py-3',
        accepted
          ? 'bg-badge-success-bg text-badge-success'
          : 'bg-badge-danger-bg text-badge-danger',
      )}
    >
      <Icon aria-hidden size={20} strokeWidth={1.75} className="shrink-0" />
      <div className="min-w-0 grow">
        <p className="text-form font-semibold">{accepted ? t('accepted') : t('rejected')}</p>
        <p>
          {accepted
            ? t('acceptedBody', { count: toTry.length, carrier: chosen?.carrier ?? '' })
            : explanation.reason
              ? reason(explanation.reason)
              : null}
        </p>
      </div>
      <Badge tone="neutral" plain>
        {t('snapshot', { number: snapshot_number })}
      </Badge>
      <IconButton icon={RefreshCw} label={t('common:refresh')} onClick={onAgain} />
    </div>
  )
}
