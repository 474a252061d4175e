import { Link } from '@tanstack/react-router'
import { Pause, Play } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { LivePoint } from '~/api/__generated__/schema'
import { PageHeader } from '~/components/PageHeader'
import { useFeedSnapshot, useLiveFeed } from '~/hooks/use-live-feed'
import { useTitle } from '~/hooks/use-title'
import { Button } from '~/ui/lib/Button'
import { pb } from '~/util/path-builder'

import { LiveCallsTable } from './LiveCallsTable'
import { TILES } from './tiles'
import { StatTile } from './StatTile'

const NEWEST_CALLS = 50

export default function LivePage() {
  const { t } = useTranslation('live')
  useTitle(t('title'))
  const { points: newest } = useFeedSnapshot(useLiveFeed())
  const [frozen, setFrozen] = useState<readonly LivePoint[] | null>(null)
  const isPaused = frozen !== null
  const data = frozen ?? newest
  const [pointed, setPointed] = useState<number | null>(null)

  return (
    <div className="flex min-h-full flex-col">
      <PageHeader
        title={t('title')}
        badges={<span className="pt-1 text-meta text-ink-3">{t('range')}</span>}
        actions={
          <>
            {isPaused ? <span className="text-meta text-warning">{t('pausedNote')}</span> : null}
            <Button
              size="toolbar"
              aria-pressed={isPaused}
              onClick={() => setFrozen(isPaused ? null : newest)}
            >
              {isPaused ? (
                <Play aria-hidden size={14} strokeWidth={1.75} />
              ) : (
                <Pause aria-hidden size={14} strokeWidth={1.75} />
              )}
              {isPaused ? t('resume') : t('pause')}
            </Button>
          </>
        }
      />
      <section
        aria-label={t('range')}
        className="grid grid-cols-1 gap-px border-b border-line bg-line sm:grid-cols-2 xl:grid-cols-4"
      >
        {TILES.map((tile) => (
          <StatTile key={tile.id} tile={tile} data={data} pointed={pointed} onPoint={setPointed} />
        ))}
      </section>
      <section aria-labelledby="live-calls" className="flex min-h-96 grow flex-col bg-surface">
        <div className="flex h-10 shrink-0 items-center justify-between ps-5 pe-3">
          <h2 id="live-calls" className="text-body font-semibold">
            {t('calls.title')}
          </h2>
          <Link {...pb.liveCalls()} className="px-2 text-body text-link hover:text-link-hover">
            {t('calls.all')}
          </Link>
        </div>
        <LiveCallsTable limit={NEWEST_CALLS} />
      </section>
    </div>
  )
}
