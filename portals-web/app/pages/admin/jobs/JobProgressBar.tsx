import { useTranslation } from 'react-i18next'

import type { Job } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import { partOf } from '~/util/percent'

export interface JobProgressBarProps {
  job: Pick<Job, 'id' | 'progress' | 'state'>
  /** In a row of a table: what is being done is left to the tooltip. */
  compact?: boolean
}

/** How far a run has come: a bar when it is known how much there is, and the same in words. */
export function JobProgressBar({ job, compact = false }: JobProgressBarProps) {
  const { t } = useTranslation('jobs')
  const format = useFormat()
  const { id, progress, state } = job
  if (!progress) return null
  const { done, total, text } = progress
  const part = partOf(done, total)
  const many =
    total === null
      ? t('progress.done', { done: format.count(done) })
      : t('progress.of', { done: format.count(done), total: format.count(total) })
  const words = text ? t('progress.words', { many, text }) : many
  return (
    <div className="flex min-w-0 flex-col gap-1" title={compact ? words : undefined}>
      {part === null && state !== 'running' ? null : (
        <div
          role="progressbar"
          aria-label={t('progress.label', { id })}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={part ?? undefined}
          aria-valuetext={words}
          className={`overflow-hidden rounded-full bg-badge-neutral-bg ${compact ? 'h-1' : 'h-2'}`}
        >
          <div
            className={`h-full rounded-full ${state === 'running' ? 'bg-primary' : 'bg-line-control'} ${
              part === null ? 'w-1/4 animate-pulse' : 'transition-[width] duration-300'
            }`}
            style={part === null ? undefined : { width: `${part}%` }}
          />
        </div>
      )}
      <p className="truncate text-meta text-ink-2 tabular-nums">{compact ? many : words}</p>
    </div>
  )
}
