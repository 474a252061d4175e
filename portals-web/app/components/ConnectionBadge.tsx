import { useTranslation } from 'react-i18next'

import type { FeedState } from '~/api/live-feed'
import { useFeedSnapshot, useLiveFeed } from '~/hooks/use-live-feed'
import { Badge, type Tone } from '~/ui/lib/Badge'
import { Tooltip } from '~/ui/lib/Tooltip'

const TONES: Record<FeedState, Tone> = {
  connecting: 'neutral',
  live: 'success',
  delayed: 'warning',
  offline: 'danger',
  paused: 'neutral',
}

/** Whether what is seen is what is going on. */
export function ConnectionBadge() {
  const { t } = useTranslation('shell')
  const { state } = useFeedSnapshot(useLiveFeed())
  return (
    <Tooltip content={t(`feed.explain.${state}`)}>
      <button
        type="button"
        className="inline-flex h-6 cursor-default items-center rounded-badge"
        aria-label={t('feed.label', { state: t(`feed.${state}`) })}
      >
        <Badge tone={TONES[state]} pulse={state === 'live'}>
          {t(`feed.${state}`)}
        </Badge>
      </button>
    </Tooltip>
  )
}
